import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { HooklineError } from "../errors.ts";
import { refusalCode } from "./send-errors.ts";

/** Which addresses requests may go to, beyond the globally reachable ones. */
export interface GuardPolicy {
  /** Loopback and private addresses too. */
  private: boolean;
  /** Further ranges, as `10.0.0.0/8` or `fd00::/8`. */
  ranges: readonly string[];
}

/** Keeps requests away from addresses that they may not go to. */
export interface TargetGuard {
  /**
   * Why nothing is sent to an IP address, in words, with what would open it where anything does; undefined where it may
   * be reached.
   */
  refusal(address: string): string | undefined;
  /** The same for a URL's host: an address is judged as it is, a name by all it leads to now. */
  check(url: URL): Promise<string | undefined>;
  /** Looks a name up for a connection, and fails (`ERR_TARGET_REFUSED`) where an address it gives is refused. */
  lookup: LookupFunction;
}

interface GuardOptions {
  /** In place of the system's resolver. */
  lookup?: LookupFunction;
  /** Milliseconds that `check` waits for a name's addresses. */
  lookupTimeoutMs?: number;
}

interface Kind {
  /** With its article. */
  words: string;
  ranges: readonly string[];
  /** What opens it, beside a range given by hand; nothing at all opens `never`. */
  opens?: "private" | "never";
}

/**
 * Every address that is not global unicast, after the IANA special-purpose address registries
 * (https://www.iana.org/assignments/iana-ipv4-special-registry and …/iana-ipv6-special-registry, RFC 6890) and the
 * IPv6 address space (RFC 4291: 2000::/3 alone is global unicast). The first kind an address is of counts.
 */
const kinds: readonly Kind[] = [
  {
    words: "a metadata address",
    opens: "never",
    ranges: [
      // EC2 and most other clouds: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
      "169.254.169.254/32",
      "fd00:ec2::254/128",
      // OpenStack: https://specs.openstack.org/openstack/neutron-specs/specs/ussuri/metadata-add-ipv6-support.html
      "fe80::a9fe:a9fe/128",
      // ECS: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
      "169.254.170.2/32",
      // EKS: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html
      "169.254.170.23/32",
      "fd00:ec2::23/128",
      // Alibaba Cloud: https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata/
      "100.100.100.200/32",
      "fd00:100::100:200/128",
      // Azure: https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
      "168.63.129.16/32",
      // Oracle: https://docs.oracle.com/en/cloud/cloud-at-customer/occ-get-started/retrieve-predefined-instance-metadata.html
      "192.0.0.192/32",
      "fd00:c1::a9fe:a9fe/128",
      // Google Cloud: https://cloud.google.com/compute/docs/metadata/querying-metadata
      "fd20:ce::254/128",
      // Linode: https://techdocs.akamai.com/cloud-computing/docs/metadata-service-api
      "fd00:a9fe:a9fe::1/128",
      // Scaleway: https://cloudinit.readthedocs.io/en/latest/reference/datasources/scaleway.html
      "169.254.42.42/32",
      "fd00:42::42/128",
    ],
  },
  { words: "an unspecified address", ranges: ["0.0.0.0/32", "::/128"] },
  { words: "a loopback address", opens: "private", ranges: ["127.0.0.0/8", "::1/128"] },
  {
    words: "a private address",
    opens: "private",
    ranges: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
  },
  { words: "a link-local address", ranges: ["169.254.0.0/16", "fe80::/10"] },
  { words: "a carrier-grade NAT address", ranges: ["100.64.0.0/10"] },
  {
    words: "a documentation address",
    ranges: ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"],
  },
  { words: "a benchmarking address", ranges: ["198.18.0.0/15", "2001:2::/48"] },
  { words: "a multicast address", ranges: ["224.0.0.0/4", "ff00::/8"] },
  { words: "a broadcast address", ranges: ["255.255.255.255/32"] },
  // These carry an IPv4 address: opened, they would lead around what is said of that one.
  { words: "an IPv4-mapped address", opens: "never", ranges: ["::ffff:0:0/96"] },
  { words: "an IPv4-translated address", opens: "never", ranges: ["::ffff:0:0:0/96"] },
  { words: "an IPv4-compatible address", opens: "never", ranges: ["::/96"] },
  { words: "a local NAT64 address", opens: "never", ranges: ["64:ff9b:1::/48"] },
  { words: "a 6to4 address", opens: "never", ranges: ["2002::/16"] },
  { words: "a Teredo address", opens: "never", ranges: ["2001::/32"] },
  { words: "a NAT64 address", ranges: ["64:ff9b::/96"] },
  { words: "an ORCHID address", ranges: ["2001:10::/28", "2001:20::/28"] },
  {
    words: "a reserved address",
    ranges: [
      "0.0.0.0/8",
      "192.0.0.0/24",
      "192.88.99.0/24",
      "240.0.0.0/4",
      "2001::/23",
      // All but 2000::/3.
      "::/3",
      "4000::/2",
      "8000::/1",
    ],
  },
];

/**
 * A guard that lets only global unicast addresses pass, and what its policy opens. Whatever that is, cloud metadata
 * addresses, IPv4-mapped spellings and addresses with a zone stay refused; through `64:ff9b::/96`, where a range opens
 * it, only global IPv4 addresses can be reached.
 * @throws HooklineError `target-range-invalid`
 */
export function createTargetGuard(policy: GuardPolicy, options: GuardOptions = {}): TargetGuard {
  const { lookup: resolve = dnsLookup, lookupTimeoutMs = 2000 } = options;
  const known = kinds.map(({ words, opens, ranges }) => ({ words, opens, holds: matcher(ranges) }));
  const openKinds = kinds.filter(({ opens }) => policy.private && opens === "private");
  const opened = matcher([...openKinds.flatMap(({ ranges }) => ranges), ...policy.ranges.map(checkRange)]);
  const specialBehindNat64 = matcher(kinds.flatMap(({ ranges }) => ranges).flatMap(throughNat64));

  const refusal = (address: string): string | undefined => {
    if (isIP(address) === 0) return refusalOf(`${JSON.stringify(address)}, which is no IP address`);
    if (address.includes("%")) return refusalOf(`an address with a zone (${JSON.stringify(address)})`);
    const kind = known.find(({ holds }) => holds(address));
    if (kind === undefined) return undefined;
    const { words, opens } = kind;
    const isShut = opens === "never" || specialBehindNat64(address);
    if (!isShut && opened(address)) return undefined;
    const flags = [
      ...(opens === "private" ? ["--allow-private-targets"] : []),
      ...(isShut ? [] : [`--allow-target ${address}/${bitsOf(address)}`]),
    ];
    return refusalOf(`${words} (${address})`, flags);
  };

  /** All addresses of a name, even where one is asked for: whichever is chosen later has been judged. */
  const addressesOf = (
    name: string,
    asked: LookupOptions,
    done: (error: Error | undefined, addresses: readonly LookupAddress[]) => void,
  ): void => {
    resolve(name, { ...asked, all: true }, (error, found) => {
      if (error !== null) return done(error, []);
      const addresses = typeof found === "string" ? [{ address: found, family: isIP(found) }] : found;
      if (addresses.length === 0)
        return done(fault("ENOTFOUND", `${JSON.stringify(name)} has no address`), []);
      done(undefined, addresses);
    });
  };
  const refusalOfAny = (addresses: readonly LookupAddress[]): string | undefined => {
    for (const { address } of addresses) {
      const words = refusal(address);
      if (words !== undefined) return words;
    }
    return undefined;
  };

  return {
    refusal,
    check(url) {
      const host = hostOf(url);
      if (isIP(host) !== 0) return Promise.resolve(refusal(host));
      return new Promise((settle) => {
        const timer = setTimeout(() => settle(undefined), lookupTimeoutMs);
        addressesOf(host, {}, (_, addresses) => {
          clearTimeout(timer);
          settle(refusalOfAny(addresses));
        });
      });
    },
    lookup(name, asked, callback) {
      addressesOf(name, asked, (error, addresses) => {
        const words = refusalOfAny(addresses);
        const failure = words === undefined ? error : fault(refusalCode, words);
        const [first] = addresses;
        if (failure !== undefined || first === undefined) return callback(failure ?? null, []);
        if (asked.all === true) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      });
    },
  };
}

/** A URL's host as a connection is made to it: an IPv6 address without its brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}

/** Whether an address is in one of the ranges. Families are kept apart: to a BlockList `::/0` holds IPv4 as well. */
function matcher(ranges: readonly string[]): (address: string) => boolean {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const range of ranges) {
    const [network = "", prefix] = range.split("/");
    lists[familyOf(network)].addSubnet(network, Number(prefix), familyOf(network));
  }
  return (address) => lists[familyOf(address)].check(address, familyOf(address));
}

/** Never begins with an address: a line that begins with `::` is a command to some CI systems. */
function refusalOf(what: string, flags: readonly string[] = []): string {
  const unless = flags.length === 0 ? "" : ` unless it was started with ${flags.join(" or ")}`;
  return `this server sends nothing to ${what}${unless}`;
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 4 ? "ipv4" : "ipv6";
}

function bitsOf(address: string): 32 | 128 {
  return isIP(address) === 4 ? 32 : 128;
}

/** RFC 6052, section 2.1: the IPv4 address is the last 32 bits. */
function throughNat64(range: string): string[] {
  const [network = "", prefix] = range.split("/");
  return isIP(network) === 4 ? [`64:ff9b::${network}/${96 + Number(prefix)}`] : [];
}

function checkRange(range: string): string {
  const [, network = "", prefix] = /^([\da-f.:]+)\/(0|[1-9]\d{0,2})$/i.exec(range) ?? [];
  if (isIP(network) !== 0 && Number(prefix) <= bitsOf(network)) {
    if (!isSealed(range)) return range;
    throw new HooklineError(
      "target-range-invalid",
      `nothing opens the addresses of ${JSON.stringify(range)}`,
      {
        nextSteps: [
          "leave it out: metadata addresses of clouds, and those that carry an IPv4 address, are never sent to",
        ],
      },
    );
  }
  throw new HooklineError("target-range-invalid", `${JSON.stringify(range)} is not a range of addresses`, {
    nextSteps: [
      "write an IPv4 or IPv6 range as 10.0.0.0/8 or fd00::/8, a single address as 10.1.2.3/32 or fd00::1/128",
    ],
  });
}

const sealedRanges = kinds.flatMap(({ opens, ranges }) => (opens === "never" ? ranges : []));
const openableRanges = kinds.flatMap(({ opens, ranges }) => (opens === "never" ? [] : ranges));

/** Whether a range holds nothing but addresses that no policy opens. */
function isSealed(range: string): boolean {
  const outer = [...sealedRanges, ...kinds.flatMap(({ ranges }) => ranges).flatMap(throughNat64)];
  return outer.some(
    (sealed) =>
      isWithin(range, sealed) &&
      // `::1` and `::` lie among the IPv4-compatible addresses.
      !openableRanges.some(
        (open) => isWithin(open, sealed) && (isWithin(open, range) || isWithin(range, open)),
      ),
  );
}

function isWithin(inner: string, outer: string): boolean {
  const [network = "", prefix] = inner.split("/");
  return Number(prefix) >= Number(outer.split("/")[1]) && matcher([outer])(network);
}

function fault(code: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code });
}
