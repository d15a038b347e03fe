import type { Invocation } from '../service/runtimes.ts';
import type { ApiConnection, ApiRequest } from './runtime-api.ts';
import { readWish, type Telemetry } from './telemetry.ts';

const EXTENSION = '/2020-01-01/extension/';
const SUBSCRIBED = Buffer.from('"OK"');
const OK = Buffer.from('{"status":"OK"}\n');
const EVENTS = new Set(['INVOKE', 'SHUTDOWN']);

export type ShutdownReason = 'spindown' | 'timeout' | 'failure';

interface Extension {
  readonly name: string;
  readonly events: ReadonlySet<string>;
  /** Waits for its next event here. */
  waiting: ApiConnection | undefined;
  /** What it has yet to ask for. */
  readonly untold: Buffer[];
  /** Its process has ended. */
  gone: boolean;
}

export interface ExtensionsOptions {
  /** Names of the programs in `/opt/extensions`: none is called before all have registered. */
  readonly external: readonly string[];
  readonly functionName: string;
  readonly functionVersion: string;
  readonly handler: string;
  readonly newId: () => string;
  /** All of them wait for their next event. */
  readonly onReady: () => void;
  readonly onError: (name: string, errorType: string, reason: string) => void;
  readonly telemetry: Telemetry;
}

/**
 * The extensions of one environment: programs beside the runtime that hear of each invocation and of the end.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
 */
export class Extensions {
  readonly #options: ExtensionsOptions;
  readonly #byId = new Map<string, Extension>();
  #ending = false;

  constructor(options: ExtensionsOptions) {
    this.#options = options;
  }

  /** Whether any hears of the environment's end. */
  get hearsEnd(): boolean {
    return this.#with('SHUTDOWN').length > 0;
  }

  /** Whether all that must have registered have, and wait. */
  get ready(): boolean {
    const names = new Set<string>();
    for (const { name, waiting } of this.#byId.values()) {
      if (waiting === undefined) return false;
      names.add(name);
    }
    return this.#options.external.every((name) => names.has(name));
  }

  /** Whether all that heard of the end have ended themselves, or ask for more, which there is not. */
  get done(): boolean {
    return this.#with('SHUTDOWN').every(({ waiting, gone }) => waiting !== undefined || gone);
  }

  /** Answers a request of the Extensions or the Telemetry API; false when it is for neither. */
  take(request: ApiRequest, connection: ApiConnection): boolean {
    const { method, path, headers } = request;
    if (method === 'PUT' && path === '/2020-08-15/logs') {
      // Extensions know this answer: it is what AWS's own emulator says. The Telemetry API has replaced this one.
      refuse(connection, 202, 'Logs.NotSupported', 'Logs API is not supported');
      return true;
    }
    if (method === 'PUT' && /^\/2022-07-01\/telemetry\/?$/.test(path)) {
      this.#subscribe(request, connection);
      return true;
    }
    if (!path.startsWith(EXTENSION)) return false;
    const what = path.slice(EXTENSION.length);
    if (method === 'POST' && what === 'register') {
      this.#register(request, connection);
      return true;
    }
    const id = headers['lambda-extension-identifier'];
    const extension = id === undefined ? undefined : this.#byId.get(id);
    if (extension === undefined) {
      refuse(connection, 403, 'Extension.UnknownExtensionIdentifier', 'Unknown extension identifier');
    } else if (method === 'GET' && what === 'event/next') {
      const next = extension.untold.shift();
      if (next !== undefined) this.#reply(connection, next);
      else {
        extension.waiting = connection;
        connection.park();
        if (this.ready) this.#options.onReady();
      }
    } else if (method === 'POST' && (what === 'init/error' || what === 'exit/error')) {
      connection.reply(202, '', OK);
      const errorType = what === 'init/error' ? 'Extension.InitError' : 'Extension.ExitError';
      const reason = headers['lambda-extension-function-error-type'] ?? 'Extension.Unknown';
      this.#options.onError(extension.name, errorType, reason);
    } else return false;
    return true;
  }

  /** Tells those that asked to be told of an invocation. */
  invoke(invocation: Invocation, deadlineMs: number): void {
    this.#options.telemetry.close();
    const hearers = this.#with('INVOKE');
    if (hearers.length === 0) return;
    const event = {
      eventType: 'INVOKE',
      deadlineMs: Math.round(deadlineMs),
      requestId: invocation.requestId,
      invokedFunctionArn: invocation.functionArn,
      tracing: { type: 'X-Amzn-Trace-Id', value: invocation.traceHeader ?? '' },
    };
    for (const extension of hearers) this.#tell(extension, event);
  }

  /** The process of one has ended, with what it told the shell that started it: before the end it must not. */
  exited(name: string, code: number): void {
    for (const extension of this.#byId.values()) if (extension.name === name) extension.gone = true;
    if (!this.#ending) this.#options.onError(name, 'Extension.Crash', `exit code ${code}`);
  }

  /** Tells of the end, and until when it may take. */
  end(shutdownReason: ShutdownReason, deadlineMs: number): void {
    this.#ending = true;
    const event = { eventType: 'SHUTDOWN', shutdownReason, deadlineMs: Math.round(deadlineMs) };
    for (const extension of this.#with('SHUTDOWN')) this.#tell(extension, event);
  }

  #with(event: string): Extension[] {
    return [...this.#byId.values()].filter(({ events }) => events.has(event));
  }

  #tell(extension: Extension, event: unknown): void {
    const { waiting } = extension;
    extension.waiting = undefined;
    const body = Buffer.from(JSON.stringify(event));
    if (waiting === undefined) extension.untold.push(body);
    else this.#reply(waiting, body);
  }

  #reply(connection: ApiConnection, body: Buffer): void {
    connection.reply(200, `Lambda-Extension-Event-Identifier: ${this.#options.newId()}\r\n`, body);
  }

  #subscribe({ headers, body }: ApiRequest, connection: ApiConnection): void {
    const { telemetry } = this.#options;
    const extension = this.#byId.get(headers['lambda-extension-identifier'] ?? '');
    if (extension === undefined) {
      refuse(connection, 403, 'Extension.UnknownExtensionIdentifier', 'Unknown extension identifier');
      return;
    }
    if (telemetry.closed) {
      refuse(connection, 403, 'Telemetry.SubscriptionClosed', 'Telemetry API subscription is closed already');
      return;
    }
    const wish = readWish(body);
    if (typeof wish === 'string') refuse(connection, 400, 'ValidationError', wish);
    else {
      telemetry.subscribe(extension.name, wish);
      connection.reply(200, '', SUBSCRIBED);
    }
  }

  #register({ headers, body }: ApiRequest, connection: ApiConnection): void {
    const name = headers['lambda-extension-name'];
    let events: unknown;
    try {
      events = (JSON.parse(body.toString()) as { events?: unknown }).events ?? [];
    } catch {
      events = undefined;
    }
    if (name === undefined || !Array.isArray(events) || !events.every((event) => EVENTS.has(event))) {
      refuse(connection, 400, 'InvalidRequestFormat', 'Invalid extension registration');
      return;
    }
    const id = this.#options.newId();
    this.#byId.set(id, { name, events: new Set(events), waiting: undefined, untold: [], gone: false });
    this.#options.telemetry.emit('platform', 'platform.extension', { name, state: 'Ready', events });
    const { functionName, functionVersion, handler } = this.#options;
    connection.reply(
      200,
      `Lambda-Extension-Identifier: ${id}\r\n`,
      Buffer.from(JSON.stringify({ functionName, functionVersion, handler })),
    );
  }
}

function refuse(connection: ApiConnection, status: number, errorType: string, errorMessage: string): void {
  connection.reply(status, '', Buffer.from(JSON.stringify({ errorType, errorMessage })));
}

const PATH = 'extensions/';

/** The programs that layers bring as extensions. */
export function externalExtensions(layers: readonly { readonly files: readonly string[] }[]): string[] {
  const names = new Set<string>();
  for (const { files } of layers) {
    for (const file of files) {
      if (file.startsWith(PATH) && !file.slice(PATH.length).includes('/')) names.add(file.slice(PATH.length));
    }
  }
  return [...names].sort();
}

/**
 * Starts the extensions and then the runtime. What the bootstraps inherit is not the extensions': those write to
 * descriptor 5. Descriptor 6 hears who has ended, by name, the runtime as `-`.
 */
export const LAUNCHER = [
  'while [ "$1" != -- ]; do',
  `[ -x "$1" ] && { "$1" >&5 2>&5 5>&- 6>&-; echo "\${1##*/} $?" >&6; } 3>&- 4>&- &`,
  'shift; done; shift',
  '"$@" 5>&- 6>&- &',
  'wait $!; echo "- $?" >&6; wait',
].join('\n');
