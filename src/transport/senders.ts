import {
  createSender,
  type OutgoingRequest,
  type Sender,
  type SenderOptions,
  type SendResult,
} from "./send.ts";

/** Senders to many origins, each made when it is first needed. */
export interface Senders {
  send(origin: string, request: OutgoingRequest): Promise<SendResult>;
  /** Gives up what is under way, everywhere. */
  close(): Promise<void>;
}

/** Origins whose connections are kept. */
const most = 500;

interface Kept {
  sender: Promise<Sender>;
  underWay: number;
}

/** @param options of each of them */
export function createSenders(options: SenderOptions): Senders {
  const senders = new Map<string, Kept>();

  const open = (origin: string): Kept => {
    const kept = senders.get(origin) ?? { sender: createSender(new URL(origin), options), underWay: 0 };
    // The last is the one that was used last.
    senders.delete(origin);
    senders.set(origin, kept);
    return kept;
  };
  const closeUnused = (): void => {
    for (const [origin, { sender, underWay }] of senders) {
      if (senders.size <= most) return;
      if (underWay > 0) continue;
      senders.delete(origin);
      void sender.then((one) => one.close());
    }
  };

  return {
    async send(origin, request) {
      const kept = open(origin);
      kept.underWay++;
      try {
        return await (await kept.sender).send(request);
      } finally {
        kept.underWay--;
        closeUnused();
      }
    },
    async close() {
      const all = [...senders.values()];
      senders.clear();
      await Promise.all(all.map(async ({ sender }) => (await sender).close()));
    },
  };
}
