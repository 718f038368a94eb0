import type { Room } from "../store/contract.ts";

export interface RoomsOptions {
  /** Deliveries under way at once: in all, … */
  concurrency: number;
  /** … and to one endpoint. */
  perEndpoint: number;
  /** Told when there is room again for what had to wait; `isMuch`: it is worth filling at once. */
  free: (isMuch: boolean) => void;
}

/**
 * How much more may be under way. An endpoint has a lane of its own, and an account half of the whole, so that one that
 * hangs, or one with many such, does not hold up the others.
 */
export interface Rooms {
  /** Takes room for a delivery. @returns whether there was any */
  enter(accountId: string, endpointId: string, bytes: number): boolean;
  /** The same, whether there is any or not. */
  occupy(accountId: string, endpointId: string, bytes: number): void;
  /** The endpoint has answered, or will not. @param isSilent no answer came; undefined: it was not asked */
  leaveLane(endpointId: string, isSilent: boolean | undefined): void;
  /** What came of it is written down. */
  leave(accountId: string, bytes: number): void;
  /** What may be taken on, and what was: by this it is known who has to wait. */
  left(): Room | undefined;
  filled(room: Room, claimed: readonly { accountId: string; endpointId: string; bytes: number }[]): void;
}

/** Bytes of payloads in memory at most. */
const mostBytes = 256_000_000;
/** Deliveries under way to an endpoint whose last attempt got no answer: it must not take the room of those that answer. */
const perSilentEndpoint = 2;
/** Lanes remembered at most: those in which nothing is under way go first. */
const mostLanes = 10_000;

interface Lane {
  underWay: number;
  isSilent: boolean;
}

export function createRooms({ concurrency, perEndpoint, free }: RoomsOptions): Rooms {
  const perAccount = Math.max(1, Math.ceil(concurrency / 2));
  const lanes = new Map<string, Lane>();
  const accounts = new Map<string, number>();
  let busy = 0;
  let held = 0;
  /** Who has to wait, as far as is known: some for any room, others for that of their account or endpoint. */
  const waiting = { isAny: false, accounts: new Set<string>(), lanes: new Set<string>() };

  const laneOf = (endpointId: string): Lane => lanes.get(endpointId) ?? { underWay: 0, isSilent: false };
  const mostOf = ({ isSilent }: Lane): number =>
    isSilent ? Math.min(perSilentEndpoint, perEndpoint) : perEndpoint;
  const keep = (endpointId: string, lane: Lane): void => {
    if (lane.underWay === 0 && !lane.isSilent) lanes.delete(endpointId);
    else lanes.set(endpointId, lane);
    if (lanes.size <= mostLanes) return;
    for (const [id, { underWay }] of lanes) if (underWay === 0) lanes.delete(id);
  };

  const occupy: Rooms["occupy"] = (accountId, endpointId, bytes) => {
    busy++;
    held += bytes;
    accounts.set(accountId, (accounts.get(accountId) ?? 0) + 1);
    const lane = laneOf(endpointId);
    lane.underWay++;
    keep(endpointId, lane);
  };

  return {
    occupy,
    enter(accountId, endpointId, bytes) {
      const lane = laneOf(endpointId);
      if (busy >= concurrency || held >= mostBytes) waiting.isAny = true;
      else if ((accounts.get(accountId) ?? 0) >= perAccount) waiting.accounts.add(accountId);
      else if (lane.underWay >= mostOf(lane)) waiting.lanes.add(endpointId);
      else {
        occupy(accountId, endpointId, bytes);
        return true;
      }
      return false;
    },
    leaveLane(endpointId, isSilent) {
      const lane = laneOf(endpointId);
      lane.underWay--;
      if (isSilent !== undefined) lane.isSilent = isSilent;
      keep(endpointId, lane);
      if (waiting.lanes.has(endpointId)) free(lane.underWay <= mostOf(lane) / 2);
    },
    leave(accountId, bytes) {
      busy--;
      held -= bytes;
      const left = (accounts.get(accountId) ?? 1) - 1;
      if (left === 0) accounts.delete(accountId);
      else accounts.set(accountId, left);
      if (waiting.isAny) free(busy <= concurrency / 2);
      else if (waiting.accounts.has(accountId)) free(left <= perAccount / 2);
    },
    left() {
      if (busy >= concurrency || held >= mostBytes) return undefined;
      return {
        total: concurrency - busy,
        bytes: mostBytes - held,
        perEndpoint,
        endpoints: new Map([...lanes].map(([id, lane]) => [id, mostOf(lane) - lane.underWay])),
        perAccount,
        accounts: new Map([...accounts].map(([id, underWay]) => [id, perAccount - underWay])),
        isWanted: waiting.isAny || waiting.accounts.size > 0 || waiting.lanes.size > 0,
      };
    },
    filled(room, claimed) {
      const taken = { endpoints: new Map<string, number>(), accounts: new Map<string, number>(), bytes: 0 };
      for (const { accountId, endpointId, bytes } of claimed) {
        taken.endpoints.set(endpointId, (taken.endpoints.get(endpointId) ?? 0) + 1);
        taken.accounts.set(accountId, (taken.accounts.get(accountId) ?? 0) + 1);
        taken.bytes += bytes;
      }
      // Whoever has all there was room for may have more.
      waiting.isAny = claimed.length >= room.total || taken.bytes >= room.bytes;
      waiting.accounts = full(room.accounts, taken.accounts, perAccount);
      waiting.lanes = full(room.endpoints, taken.endpoints, perEndpoint);
    },
  };
}

function full(
  rooms: ReadonlyMap<string, number>,
  taken: ReadonlyMap<string, number>,
  each: number,
): Set<string> {
  const ids = new Set([...rooms.keys(), ...taken.keys()]);
  return new Set([...ids].filter((id) => (taken.get(id) ?? 0) >= (rooms.get(id) ?? each)));
}
