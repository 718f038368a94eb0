import type { Dispatcher } from "undici";
import { HooklineError } from "../errors.ts";
import type { SenderOptions } from "./send.ts";
import { isLoopback } from "./target.ts";

/** A proxy knows nothing of the sender's own machine, and would connect where a guard sees nothing of it. */
export function isProxied(origin: URL, { proxy, guard }: SenderOptions): boolean {
  if (guard !== undefined) return false;
  return (proxy?.http !== undefined || proxy?.https !== undefined) && !isLoopback(origin);
}

/**
 * The connections to a target. The pool alone costs a third of the time that importing all of undici does; the proxy
 * agent comes when it is needed.
 * @throws HooklineError `proxy-invalid`, `ca-invalid`
 */
export async function createDispatcher(origin: URL, options: SenderOptions): Promise<Dispatcher> {
  const tls = {
    rejectUnauthorized: options.insecure !== true,
    ...(options.ca === undefined ? {} : { ca: await trusted(options.ca) }),
  };
  const shared = {
    connections: options.connections ?? null,
    // One clock, the sender's own, bounds the whole request.
    headersTimeout: 0,
    bodyTimeout: 0,
    pipelining: 1,
  };
  if (isProxied(origin, options)) {
    const { http, https, no } = options.proxy ?? {};
    const { EnvHttpProxyAgent } = await import("./proxy-agent.ts");
    try {
      return new EnvHttpProxyAgent({
        ...shared,
        ...(http === undefined ? {} : { httpProxy: http }),
        ...(https === undefined ? {} : { httpsProxy: https }),
        ...(no === undefined ? {} : { noProxy: no }),
        // Many a proxy opens tunnels for https alone.
        proxyTunnel: false,
        requestTls: { ...tls, timeout: options.timeoutMs },
        connect: { ...tls, timeout: options.timeoutMs },
      });
    } catch (cause) {
      throw new HooklineError(
        "proxy-invalid",
        `the proxy variables do not hold a usable address: ${(cause as Error).message}`,
        {
          cause,
          nextSteps: ["check HTTP_PROXY and HTTPS_PROXY, or exempt the host with NO_PROXY"],
        },
      );
    }
  }
  const { Pool } = await import("./pool.ts");
  const lookup = options.guard === undefined ? {} : { lookup: options.guard.lookup };
  return new Pool(origin.origin, { ...shared, connect: { ...tls, ...lookup, timeout: options.timeoutMs } });
}

async function trusted(pem: string): Promise<string[]> {
  if (!pem.includes("-----BEGIN CERTIFICATE-----")) {
    throw new HooklineError("ca-invalid", "the file given to --ca holds no PEM certificate", {
      nextSteps: ["give a file with -----BEGIN CERTIFICATE----- in it"],
    });
  }
  const { rootCertificates } = await import("node:tls");
  return [...rootCertificates, pem];
}
