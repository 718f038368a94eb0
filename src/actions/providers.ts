import type { Envelope, EventSource, Provider } from "../providers/contract.ts";
import type { SignatureScheme } from "../signing/types.ts";
import { snippet } from "../snippets/index.ts";
import type { SecretOrigin, Workspace } from "./workspace.ts";

export interface ProviderSummary {
  id: string;
  title: string;
  /** Whose webhooks a receiver gets. */
  base: string | undefined;
  events: number;
  signature: SignatureScheme | undefined;
  secretEnv: string;
  custom: boolean;
}

/** Everything known of a provider, as data. */
export interface ProviderDetail {
  id: string;
  title: string;
  docs: string | undefined;
  base: string | undefined;
  custom: boolean;
  signatures: readonly SignatureScheme[];
  headers: Provider["headers"];
  identify: readonly string[];
  eventFrom: readonly EventSource[];
  envelope: Envelope;
  dedupe: Provider["dedupe"];
  ack: Provider["ack"];
  retry: Provider["retry"];
  events: { name: string; description: string }[];
  secretEnv: string;
  /** Where the secret in force comes from; undefined where only the development secret is there. */
  secret: SecretOrigin | undefined;
  apiKey: Provider["apiKey"];
  assumptions: readonly string[];
  /** What commonly goes wrong when its requests are verified. */
  pitfalls: readonly string[];
  /** Code that does it right, in TypeScript; undefined where nothing is signed. */
  verifier: string | undefined;
}

export function listProviders({ registry, project }: Workspace): ProviderSummary[] {
  return registry.all.map((provider) => ({
    id: provider.id,
    title: provider.title,
    base: provider.base,
    events: Object.keys(provider.events).length,
    signature: provider.signatures[0],
    secretEnv: provider.secretEnv,
    custom: isCustom(provider, project),
  }));
}

/** @throws HooklineError `provider-unknown` */
export function showProvider(workspace: Workspace, id: string): ProviderDetail {
  const provider = workspace.registry.require(id);
  const { title, docs, base, signatures, headers, identify, eventFrom, envelope, dedupe, ack, retry } =
    provider;
  return {
    id: provider.id,
    title,
    docs,
    base,
    custom: isCustom(provider, workspace.project),
    signatures,
    headers,
    identify,
    eventFrom,
    envelope,
    dedupe,
    ack,
    retry,
    events: Object.entries(provider.events).map(([name, { description }]) => ({ name, description })),
    secretEnv: provider.secretEnv,
    secret: workspace.secretsOf(provider).configured?.origin,
    apiKey: provider.apiKey,
    assumptions: provider.assumptions ?? [],
    pitfalls: provider.pitfalls ?? [],
    verifier: snippet(provider, "ts")?.verifier,
  };
}

function isCustom(provider: Provider, project: Workspace["project"]): boolean {
  return project !== undefined && Object.hasOwn(project.providers, provider.id);
}
