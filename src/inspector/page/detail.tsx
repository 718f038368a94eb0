import type { ComponentChildren, JSX } from "preact";
import { useId, useState } from "preact/hooks";
import type { DeliveryDetail, DeliveryShape, Session } from "../api.ts";
import type { Actions } from "./actions.ts";
import { Attempts, Timing } from "./attempts.tsx";
import type { Bodies } from "./bodies.ts";
import { textOf } from "./body-text.ts";
import { Body } from "./body.tsx";
import { saveFile } from "./clipboard.ts";
import { Commands, type DetailCommands } from "./commands.tsx";
import { formatBytes, formatDuration, formatFullTime } from "./format.ts";
import { Headers } from "./headers.tsx";
import { useAsked } from "./hooks.ts";
import type { Asked } from "./hooks.ts";
import { Value } from "./value.tsx";
import { codeSentence, statusClass, verdictOf } from "./verdict.tsx";

/** Bytes of a body that is fetched without being asked for. */
const fetchedAtOnce = 5_000_000;

interface DetailProps {
  number: number;
  detail: Asked<DeliveryDetail>;
  /** What the list knows of it. */
  summary: DeliveryShape | undefined;
  session: Session | undefined;
  bodies: Bodies;
  actions: Actions;
  commands: DetailCommands;
  /** The delivery that was put aside to be compared. */
  marked: number | undefined;
}

/** Everything that is known of one delivery, the verdict first. */
export function Detail(props: DetailProps): JSX.Element {
  const { number, detail, summary, commands } = props;
  const { value, problem } = detail;
  const delivery = value ?? summary;
  return (
    <section class="detail" aria-labelledby="detail-title">
      <header class="detail-head">
        <div class="detail-title">
          <button type="button" class="icon close" aria-label="Back to the list" onClick={commands.close}>
            <span aria-hidden="true" class="when-wide">
              ✕
            </span>
            <span aria-hidden="true" class="when-phone">
              ←
            </span>
          </button>
          <h2 id="detail-title" tabIndex={-1}>
            <span class="number">#{number}</span> {delivery !== undefined && <Title delivery={delivery} />}
          </h2>
        </div>
        <Commands {...props} />
      </header>
      <div class="detail-body">
        {problem !== undefined && (
          <p class="problem" role="alert">
            <Value text={problem} />
          </p>
        )}
        {value === undefined ? (
          problem === undefined && <p class="note late">Loading …</p>
        ) : (
          <Sections key={value.number} {...props} detail={value} />
        )}
      </div>
    </section>
  );
}

function Title({ delivery }: { delivery: DeliveryShape }): JSX.Element {
  const { provider, event, method, target } = delivery;
  return (
    <>
      {provider !== null && (
        <>
          <Value text={provider} max={60} class="provider" />{" "}
        </>
      )}
      <Value text={event ?? `${method} ${target}`} max={200} />
    </>
  );
}

type WithDetail = Omit<DetailProps, "detail"> & { detail: DeliveryDetail };

function Sections({ detail, session, bodies, actions }: WithDetail): JSX.Element {
  const provider = session?.providers.find(({ id }) => id === detail.provider);
  const { attempts } = detail;
  return (
    <>
      <VerdictPart detail={detail} />
      {attempts.length > 0 && (
        <Part title="Timing">
          <Timing attempts={attempts} allowedMs={provider?.ack_timeout_ms} />
        </Part>
      )}
      <Part title={attempts.length === 1 ? "Your app answered" : "Attempts"}>
        {attempts.length === 0 ? (
          <p class="note">It was forwarded nowhere.</p>
        ) : (
          <Attempts attempts={attempts} />
        )}
      </Part>
      <Part title="Request">
        <p class="request-line">
          <Value text={`${detail.method} ${detail.target}`} max={500} />
        </p>
        <Headers headers={detail.headers} label="Headers of the request" />
      </Part>
      <BodyPart detail={detail} bodies={bodies} actions={actions} />
      <Facts detail={detail} actions={actions} />
    </>
  );
}

function Part(props: { title: string; aside?: ComponentChildren; children: ComponentChildren }): JSX.Element {
  const id = useId();
  return (
    <section class="part" aria-labelledby={id}>
      <div class="part-head">
        <h3 id={id}>{props.title}</h3>
        {props.aside}
      </div>
      {props.children}
    </section>
  );
}

function VerdictPart({ detail }: { detail: DeliveryDetail }): JSX.Element {
  const { kind, mark } = verdictOf(detail);
  const sentence = detail.code === null ? undefined : codeSentence(detail.code);
  return (
    <section class={`verdict ${kind}`} aria-label="Verdict">
      <p class="verdict-line">
        <span class={`mark ${kind}`} aria-hidden="true">
          {mark}
        </span>
        <strong>{kind}</strong>
        <span class="verdict-answer">
          answered <span class={`status ${statusClass(detail.status)}`}>{detail.status}</span> after{" "}
          {formatDuration(detail.duration_ms)}
        </span>
        {detail.failed && <span class="flag failed">your app did not take it</span>}
        {detail.duplicate && <span class="flag">duplicate</span>}
      </p>
      {detail.findings.length > 0 ? (
        <ul class="findings">
          {detail.findings.map(({ cause, confidence, message, fix }) => (
            <li key={cause}>
              <p class="finding">
                <Value text={message} max={1000} />
              </p>
              {fix !== "" && (
                <p class="fix">
                  <span aria-hidden="true">→ </span>
                  <Value text={fix} max={1000} />
                </p>
              )}
              <p class="cause">
                <Value text={`${cause} · ${confidence}`} max={200} />
              </p>
            </li>
          ))}
        </ul>
      ) : (
        detail.code !== null && (
          <p class="finding">
            <Value text={sentence ?? detail.code} max={200} />
          </p>
        )
      )}
    </section>
  );
}

function BodyPart(props: { detail: DeliveryDetail; bodies: Bodies; actions: Actions }): JSX.Element {
  const { detail, bodies, actions } = props;
  const [isWanted, want] = useState(detail.bytes <= fetchedAtOnce);
  const subject = detail.has_body && isWanted ? detail.number : undefined;
  const { value, problem } = useAsked(subject, 0, (number) => bodies(number));
  const text = value === undefined ? undefined : textOf(value);
  const aside = value !== undefined && (
    <span class="aside">
      {formatBytes(value.length)}
      <button
        type="button"
        disabled={text === undefined}
        onClick={() => text !== undefined && actions.copy("body", text)}
      >
        Copy body
      </button>
      <button
        type="button"
        onClick={() => saveFile(value, `delivery-${detail.number}.${text === undefined ? "bin" : "txt"}`)}
      >
        Download
      </button>
    </span>
  );
  return (
    <Part title="Body" aside={aside}>
      {!detail.has_body && <p class="note">It was never read: the request was refused before.</p>}
      {detail.has_body && !isWanted && (
        <button type="button" onClick={() => want(true)}>
          Load {formatBytes(detail.bytes)}
        </button>
      )}
      {problem !== undefined && (
        <p class="problem">
          <Value text={problem} />
        </p>
      )}
      {value !== undefined && (
        <Body headers={detail.headers} body={value} onCopy={(what, copied) => actions.copy(what, copied)} />
      )}
    </Part>
  );
}

function Facts({ detail, actions }: { detail: DeliveryDetail; actions: Actions }): JSX.Element {
  const name = `inbox:${detail.number}`;
  const link = `${location.origin}${location.pathname}?n=${detail.number}`;
  return (
    <Part title="Delivery">
      <dl class="facts">
        <div>
          <dt>Received</dt>
          <dd>
            <time dateTime={detail.received_at}>{formatFullTime(detail.received_at)}</time>
          </dd>
        </div>
        <div>
          <dt>Id</dt>
          <dd>
            <Value text={detail.id} max={100} />
          </dd>
        </div>
        {detail.delivery_id !== null && (
          <div>
            <dt>Provider's id</dt>
            <dd>
              <Value text={detail.delivery_id} max={200} />
            </dd>
          </div>
        )}
      </dl>
      <p class="aside">
        <button type="button" onClick={() => actions.copy("name", name)}>
          Copy {name}
        </button>
        <button type="button" onClick={() => actions.copy("id", detail.id)}>
          Copy id
        </button>
        <button type="button" onClick={() => actions.copy("link", link)}>
          Copy link
        </button>
      </p>
    </Part>
  );
}
