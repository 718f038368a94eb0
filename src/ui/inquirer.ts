/** Named apart, so that the bundler leaves out the prompts nobody uses (31 kB remain of 570). */
export { confirm, input, select } from "@inquirer/prompts";
