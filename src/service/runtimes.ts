/**
 * The port behind which user code runs. `services/lambda` owns what a function is and what its limits are;
 * `runtimes/` starts, feeds, limits, evicts and kills the environments it runs in.
 */
export interface Runtimes {
  /** Runs one invocation in a warm environment of `spec`, or in a new one. */
  invoke(spec: EnvironmentSpec, invocation: Invocation): Promise<InvocationResult>;
  /** Ends every environment whose `functionKey` is this one (new code, new configuration, deletion). */
  evict(functionKey: string): Promise<void>;
  /**
   * Says that functions like this are likely to be invoked, so that a worker for the next cold start may stand by.
   * Never waits.
   */
  prepare(profile: WorkerProfile): void;
  /** Keeps at least `count` environments of `spec` started, until the next word about its function. */
  keepReady(spec: EnvironmentSpec, count: number): void;
  /** How many of the environments {@link keepReady} wishes for are there, and whether one could not be started. */
  kept(functionKey: string): { readonly available: number; readonly failed: boolean };
  /** Undefined when `runtime` can run here, else what is missing and how to get it. */
  missing(runtime: string): string | undefined;
  /** Once a function of `runtime` has run: which other version of its language stood in for it, if one did. */
  standIn(runtime: string): string | undefined;
  /** Once an environment of `runtime` has begun to start: the version of its language that it runs on, `20` or `3.12`. */
  runsOn(runtime: string): string | undefined;
  /** An image of the machine's container engine; a text says why there is none to be had. */
  image(uri: string): Promise<ImageFacts | ImageLack>;
  /** The runtimes AWS makes functions with, and what each runs on here. Looks for every language, which takes a while. */
  list(): Promise<readonly RuntimeHere[]>;
  /** What isolation this platform gives, in one line for the start-up summary. */
  readonly isolation: { readonly sandboxed: boolean; readonly summary: string };
  /**
   * Whether a function opened the loopback connection with this server's end: what is open to programs of this machine
   * is not open to them. True also for what no other program is seen to hold. Looks through processes, so ask once a
   * connection. False where it cannot be told.
   */
  ownsConnection(connection: {
    readonly remoteAddress?: string | undefined;
    readonly remotePort?: number | undefined;
    readonly localPort?: number | undefined;
  }): boolean;
  close(): Promise<void>;
}

/** One of AWS's runtimes on this machine. */
export interface RuntimeHere {
  /** `python3.12` */
  readonly runtime: string;
  /** `Python 3.12`; undefined when it cannot run. */
  readonly runsOn: string | undefined;
  /** What stands in for what, or what is missing and how to get it. */
  readonly note: string | undefined;
}

/** What is known of a container image that is here. */
export interface ImageFacts {
  /** `sha256:…` */
  readonly id: string;
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
}

export interface ImageLack {
  /** The engine, or the image. */
  readonly lacks: 'engine' | 'image';
  readonly reason: string;
}

/** What a function from a container image runs. */
export interface ImageSpec extends ImageFacts {
  readonly workingDirectory: string | undefined;
}

/** What a worker is started with before it knows its function. */
export interface WorkerProfile {
  readonly runtime: string;
  readonly memoryMb: number;
  readonly ephemeralStorageMb: number;
}

/** Everything that makes two environments interchangeable. */
export interface EnvironmentSpec extends WorkerProfile {
  /** Function ARN with version. */
  readonly functionKey: string;
  /** Changes with code or configuration: environments of an older revision take no new work. */
  readonly revision: string;
  readonly handler: string;
  /** Of functions from container images, which have neither code nor layers of their own here. */
  readonly image?: ImageSpec | undefined;
  /** The unpacked code, read-only. */
  readonly codeFolder: string;
  readonly layerFolders: readonly string[];
  readonly timeoutMs: number;
  /**
   * User variables and AWS's reserved ones, credentials excluded. Called once for each environment, as the name of
   * its log stream is among them.
   */
  readonly environment: (
    environmentId: string,
    initialization: Initialization,
  ) => Readonly<Record<string, string>>;
  /** Asked for at start and again before they expire. */
  readonly credentials: () => Promise<EnvironmentCredentials>;
  /** Each complete line the function or its runtime writes, with the request it belongs to. */
  readonly onLog: (line: LogLine) => void;
  /** How an environment's start went; once for each. */
  readonly onInit?: ((init: InitOutcome) => void) | undefined;
  readonly functionArn: string;
}

/** Why an environment starts, in Lambda's words: somebody called, or it is kept. */
export type Initialization = 'on-demand' | 'provisioned-concurrency';

export interface InitOutcome {
  readonly environmentId: string;
  readonly initialization: Initialization;
  readonly atMs: number;
  /** Milliseconds with fractions. */
  readonly durationMs: number;
  readonly failure: InvocationResult['failure'];
}

export interface EnvironmentCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresAtMs: number;
}

export interface LogLine {
  readonly atMs: number;
  readonly text: string;
  readonly requestId: string | undefined;
  /** Names the environment; a log stream each. */
  readonly environmentId: string;
}

export interface Invocation {
  readonly requestId: string;
  readonly payload: Uint8Array;
  readonly functionArn: string;
  readonly traceHeader: string | undefined;
  readonly clientContext: string | undefined;
  readonly cognitoIdentity: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** Takes what a streaming function writes as it writes it. Not used by others: their answer is the result's. */
  readonly sink?: ResponseSink | undefined;
}

/** Where a streamed answer goes. */
export interface ResponseSink {
  /** Once, before the first chunk. */
  begin(contentType: string): void;
  /** A promise when it wants no more until that resolves; it never rejects. */
  write(chunk: Uint8Array): Promise<void> | undefined;
}

export interface InvocationResult {
  readonly environmentId: string;
  /**
   * The function's answer, as JSON unless it streams; `{errorMessage, errorType, trace}` when `error` is set. Empty
   * when a {@link ResponseSink} has taken the answer.
   */
  readonly payload: Uint8Array;
  /** `Unhandled` for what the function threw and for timeouts, exits and start-up failures. */
  readonly error: 'Handled' | 'Unhandled' | undefined;
  /** How the environment itself failed, as the REPORT line words it: a timeout, an exit, a start that failed. */
  readonly failure: { readonly status: 'timeout' | 'error'; readonly errorType?: string } | undefined;
  /** Milliseconds with fractions. */
  readonly durationMs: number;
  /** Set when this invocation started the environment. */
  readonly initDurationMs: number | undefined;
  readonly maxMemoryMb: number;
}
