import type { JSX } from "preact";
import type { DeliveryShape } from "../api.ts";
import { formatBytes, formatDuration, formatTime } from "./format.ts";
import { Value } from "./value.tsx";
import { statusClass, VerdictMark } from "./verdict.tsx";

interface RowProps {
  delivery: DeliveryShape;
  /** Its place in the list, from 0. */
  index: number;
  count: number;
  selected: boolean;
  /** It was put aside to be compared. */
  marked: boolean;
  /** Pixels from the top of the list. */
  offset: number;
  /** When the page was opened: times of other days show their day. */
  opened: Date;
  onSelect: (number: number) => void;
}

export const rowId = (number: number): string => `delivery-${number}`;

/** One delivery of the list. */
export function Row(props: RowProps): JSX.Element {
  const { delivery, index, count, selected, marked, offset, opened, onSelect } = props;
  const { number, provider, event, method, target } = delivery;
  return (
    <div
      id={rowId(number)}
      role="option"
      class="row"
      aria-selected={selected}
      aria-posinset={index + 1}
      aria-setsize={count}
      data-number={number}
      style={{ transform: `translateY(${offset}px)` }}
      onClick={() => onSelect(number)}
    >
      <VerdictMark delivery={delivery} />
      <time class="time" dateTime={delivery.received_at}>
        {formatTime(delivery.received_at, opened)}
      </time>
      <span class="provider">{provider === null ? "–" : <Value text={provider} max={40} />}</span>
      <span class="event">
        <Value text={event ?? (method === "" ? "(no HTTP request)" : `${method} ${target}`)} max={120} />
        <Flags delivery={delivery} marked={marked} />
      </span>
      <span class="id">
        {delivery.delivery_id !== null && <Value text={delivery.delivery_id} max={60} />}
      </span>
      <span class="bytes">{formatBytes(delivery.bytes)}</span>
      <span class={`status ${statusClass(delivery.status)}`}>{delivery.status}</span>
      <span class="duration">{formatDuration(delivery.duration_ms)}</span>
    </div>
  );
}

function Flags({ delivery, marked }: { delivery: DeliveryShape; marked: boolean }): JSX.Element {
  return (
    <span class="flags">
      {marked && <span class="flag compare">comparing</span>}
      {delivery.failed && <span class="flag failed">failed</span>}
      {delivery.duplicate && <span class="flag">duplicate</span>}
      {delivery.replays > 0 && (
        <span class="flag" title={`replayed ${delivery.replays} times`}>
          <span aria-hidden="true">↻ {delivery.replays}</span>
          <span class="unseen">replayed {delivery.replays}×</span>
        </span>
      )}
    </span>
  );
}
