import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { AttemptShape } from "../api.ts";
import { formatBytes, formatDuration, formatFullTime } from "./format.ts";
import { Headers } from "./headers.tsx";
import { Value } from "./value.tsx";
import { statusClass } from "./verdict.tsx";

/** How long each attempt took, against what the provider allows. */
export function Timing(props: { attempts: AttemptShape[]; allowedMs: number | undefined }): JSX.Element {
  const { attempts, allowedMs } = props;
  const longest = Math.max(allowedMs ?? 0, ...attempts.map(({ duration_ms }) => duration_ms), 1);
  const share = (ms: number): string => `${Math.max((ms / longest) * 100, 0.6).toFixed(2)}%`;
  return (
    <div class="timing">
      {attempts.map((attempt, index) => {
        const slow = allowedMs !== undefined && attempt.duration_ms > allowedMs;
        return (
          <div class="bar-line" key={index}>
            <span class="bar-name">{attempt.kind}</span>
            <span class="track" aria-hidden="true">
              <span
                class={slow ? "bar slow" : attempt.ok ? "bar" : "bar bad"}
                style={{ width: share(attempt.duration_ms) }}
              />
              {allowedMs !== undefined && (
                <span class="limit" style={{ insetInlineStart: share(allowedMs) }} />
              )}
            </span>
            <span class="bar-value">
              {formatDuration(attempt.duration_ms)}
              {slow && <span class="unseen"> slower than allowed</span>}
            </span>
          </div>
        );
      })}
      {allowedMs !== undefined && (
        <p class="note">The provider gives up after {formatDuration(allowedMs)}.</p>
      )}
    </div>
  );
}

/** What the app answered, each time it was asked. */
export function Attempts({ attempts }: { attempts: AttemptShape[] }): JSX.Element {
  const [all, showAll] = useState(false);
  const shown = all ? attempts : attempts.slice(-20);
  const hidden = attempts.length - shown.length;
  return (
    <>
      {hidden > 0 && (
        <button type="button" class="more" onClick={() => showAll(true)}>
          {hidden} earlier
        </button>
      )}
      <ol class="attempts" start={hidden + 1}>
        {shown.map((attempt, index) => (
          <li key={hidden + index}>
            <Attempt attempt={attempt} isLast={index === shown.length - 1} />
          </li>
        ))}
      </ol>
    </>
  );
}

function Attempt({ attempt, isLast }: { attempt: AttemptShape; isLast: boolean }): JSX.Element {
  const { kind, url, route, status, ok, error, message, headers, answer, answer_bytes: size } = attempt;
  return (
    <details open={isLast && !ok}>
      <summary>
        <span class={`status ${ok ? "good" : statusClass(status)}`}>{status ?? error ?? "no answer"}</span>
        <span class="attempt-kind">{kind}</span>
        <Value text={url} max={200} class="url" />
        {route !== null && <Value text={route} max={80} class="flag" />}
        <span class="took">{formatDuration(attempt.duration_ms)}</span>
      </summary>
      <p class="note">
        <time dateTime={attempt.started_at}>{formatFullTime(attempt.started_at)}</time>
        {!ok && status !== null && " · the app did not take it"}
      </p>
      {message !== null && (
        <p class="problem">
          <Value text={message} max={500} />
        </p>
      )}
      {headers.length > 0 && <Headers headers={headers} label="Headers of the answer" />}
      {size === 0 ? (
        status !== null && <p class="note">The answer has no body.</p>
      ) : answer === null ? (
        <p class="note">The answer's body is {formatBytes(size)} that are no UTF-8 text.</p>
      ) : (
        <>
          <pre class="raw" tabIndex={0} aria-label="Body of the answer">
            <Value text={answer} max={4000} lines />
          </pre>
          {size > new TextEncoder().encode(answer).length && (
            <p class="note">The beginning of {formatBytes(size)}.</p>
          )}
        </>
      )}
    </details>
  );
}
