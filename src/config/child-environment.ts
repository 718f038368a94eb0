/** The environment of a program that is started for the user: the process's own, and these variables beside it. */
export function childEnvironment(own: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, ...own };
}
