import type { AddressInfo, Server } from "node:net";
import { networkInterfaces } from "node:os";
import { HooklineError } from "../errors.ts";

/** Where a server is to listen; port 0 stands for any that is free. */
interface Place {
  host: string;
  port: number;
}

/**
 * Makes a server listen.
 * @returns its port
 * @throws HooklineError `port-taken`, `cannot-listen`
 */
export async function bind(server: Server, { host, port }: Place): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => reject(cannotListen(error, { host, port }));
    server.once("error", fail);
    server.listen(port, host, () => {
      server.off("error", fail);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

/** The URLs behind the address that is listened on: `0.0.0.0` and `::` stand for all this machine has. */
export function urlsOf({ host, port }: Place): string[] {
  return addressesOf(host).map((address) => `http://${address}:${port}`);
}

function addressesOf(host: string): string[] {
  if (host !== "0.0.0.0" && host !== "::") return [host.includes(":") ? `[${host}]` : host];
  const others = Object.values(networkInterfaces())
    .flatMap((addresses = []) => addresses)
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => address);
  return ["127.0.0.1", ...others];
}

function cannotListen(cause: NodeJS.ErrnoException, { host, port }: Place): HooklineError {
  if (cause.code === "EADDRINUSE") {
    return new HooklineError("port-taken", `port ${port} on ${host} is taken by another program`, {
      cause,
      nextSteps: ["stop that program, or choose another port with --port (0 takes any free one)"],
    });
  }
  return new HooklineError("cannot-listen", `cannot listen on ${host} port ${port}: ${cause.message}`, {
    cause,
    nextSteps: [
      "--host takes an address of this machine, and ports below 1024 need rights that few users have",
    ],
  });
}
