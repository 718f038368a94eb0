import { isHooklineError } from "../errors.ts";
import type { Provider } from "../providers/contract.ts";
import { readSecret } from "../signing/secrets.ts";
import type { SecretsOf } from "../transport/assess.ts";
import type { SecretOrigin, Workspace } from "./workspace.ts";

/**
 * The secrets to verify with, all looked up at once: one that is configured wrongly is told now, not by the first
 * delivery that needs it. Where development secrets cannot be kept, deliveries go unverified, unless that is forbidden.
 */
export function findSecrets(
  workspace: Workspace,
  requireVerified: boolean,
): (provider: Provider) => SecretsOf<SecretOrigin> {
  let told = false;
  const secretsOf = (provider: Provider): SecretsOf<SecretOrigin> => {
    const { configured, development } = workspace.secretsOf(provider);
    return {
      configured,
      development: () => {
        try {
          return development();
        } catch (error) {
          if (requireVerified || !isHooklineError(error)) throw error;
          if (!told)
            workspace.host.warn(
              `${error.message}; what is not signed with a configured secret goes unverified`,
            );
          told = true;
          return { secrets: [], origin: { source: "development" } };
        }
      },
    };
  };
  for (const provider of workspace.registry.all) {
    const { configured, development } = secretsOf(provider);
    if (configured === undefined) development();
    // A secret given for all cannot be right for all.
    else if (configured.origin.source !== "flag" && !isUsable(provider, configured.secrets)) {
      workspace.host.warn(
        `the secret in ${configured.origin.name ?? "the project file"} is not of the form ${provider.title} signs with, so nothing will verify with it`,
      );
    }
  }
  return secretsOf;
}

function isUsable({ signatures }: Provider, secrets: readonly string[]): boolean {
  return signatures.some((scheme) => secrets.some((secret) => readSecret(scheme, secret).ok));
}
