/** Named apart, so that the bundler leaves out the prompts nobody uses (31 kB remain of 570). */
export { checkbox, confirm, input, password, select } from "@inquirer/prompts";
