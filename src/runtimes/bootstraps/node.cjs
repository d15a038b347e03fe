// Runs a Node function: speaks the Lambda Runtime API on file descriptor 3 and writes log records to 4.
// It starts before it knows its function, waits for the claim, and only then loads the handler.
'use strict';
const net = require('node:net');
const fs = require('node:fs');
const path = require('node:path');
const { format, inspect } = require('node:util');
const { pathToFileURL } = require('node:url');

// ---- time ----

let offsetMs = 0;
const RealDate = Date;
const realNow = RealDate.now;
function VirtualDate(...args) {
  if (new.target === undefined) return new RealDate(realNow() + offsetMs).toString();
  return Reflect.construct(
    RealDate,
    args.length === 0 ? [realNow() + offsetMs] : args,
    new.target === VirtualDate ? RealDate : new.target,
  );
}
Object.defineProperty(VirtualDate, 'name', { value: 'Date' });
Object.defineProperty(VirtualDate, 'length', { value: 7 });
VirtualDate.UTC = RealDate.UTC;
VirtualDate.parse = RealDate.parse;
VirtualDate.now = () => realNow() + offsetMs;
VirtualDate.prototype = RealDate.prototype;
Object.defineProperty(RealDate.prototype, 'constructor', {
  value: VirtualDate,
  writable: true,
  configurable: true,
  enumerable: false,
});
globalThis.Date = VirtualDate;
const realTimeOrigin = performance.timeOrigin;
Object.defineProperty(performance, 'timeOrigin', {
  get: () => realTimeOrigin + offsetMs,
  configurable: true,
});

// ---- the connection ----

const socket = new net.Socket({ fd: 3, readable: true, writable: true });
const HEAD_END = Buffer.from('\r\n\r\n');
const NEXT = 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n';
let held = Buffer.alloc(0);
let wanted = 0;
let parts = [];
let partBytes = 0;

socket.on('data', (chunk) => {
  parts.push(chunk);
  partBytes += chunk.length;
  if (held.length + partBytes < wanted) return;
  held = held.length === 0 && parts.length === 1 ? chunk : Buffer.concat([held, ...parts]);
  parts = [];
  partBytes = 0;
  wanted = 0;
  for (;;) {
    const end = held.indexOf(HEAD_END);
    if (end < 0) return;
    const headers = {};
    const lines = held.toString('utf8', 0, end).split('\r\n');
    for (let i = 1; i < lines.length; i++) {
      const colon = lines[i].indexOf(':');
      headers[lines[i].slice(0, colon).toLowerCase()] = lines[i].slice(colon + 1).trim();
    }
    const bodyStart = end + 4;
    const bodyEnd = bodyStart + Number(headers['content-length'] ?? 0);
    if (held.length < bodyEnd) {
      wanted = bodyEnd;
      return;
    }
    const body = held.subarray(bodyStart, bodyEnd);
    held = held.subarray(bodyEnd);
    if (headers['lambda-runtime-aws-request-id'] !== undefined) invoked(headers, body);
    else if (headers['lambent-claim'] !== undefined) claimed(JSON.parse(body.toString()));
    // Else the acknowledgement of an answer.
  }
});
// The server has gone, or let go of this worker.
socket.on('end', () => process.exit(0));
socket.on('error', () => process.exit(0));

function post(where, body, headers, then) {
  const { user, system } = process.cpuUsage();
  const memory = Math.round(process.memoryUsage.rss() / 1024);
  const head = `POST /2018-06-01/runtime/${where} HTTP/1.1\r\nContent-Length: ${Buffer.byteLength(body)}\r\nLambent-Memory-Kb: ${memory}\r\nLambent-Processor-Us: ${user + system}\r\n${headers}\r\n`;
  if (typeof body === 'string') socket.write(`${head}${body}${then}`);
  else socket.write(Buffer.concat([Buffer.from(head), body, Buffer.from(then)]));
}

// ---- logs ----

let requestId;
let jsonLogs = false;
let lowestLevel = 0;
const LEVELS = { TRACE: 0, DEBUG: 1, INFO: 2, WARN: 3, ERROR: 4, FATAL: 5 };

function record(text) {
  const length = Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(4 + length);
  bytes.writeUInt32BE(length, 0);
  bytes.write(text, 4);
  let written = 0;
  while (written < bytes.length) {
    try {
      written += fs.writeSync(4, bytes, written);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

function log(level, args) {
  if (LEVELS[level] < lowestLevel) return;
  const time = new RealDate(realNow() + offsetMs).toISOString();
  if (!jsonLogs) {
    record(`${time}\t${requestId}\t${level}\t${format(...args)}\n`);
    return;
  }
  const entry = { timestamp: time, level, requestId };
  const [only] = args;
  if (args.length === 1 && typeof only === 'object' && only !== null && !(only instanceof Error)) {
    entry.message = only;
  } else {
    entry.message = format(...args);
    const error = args.find((item) => item instanceof Error);
    if (error !== undefined) {
      entry.errorType = error.name;
      entry.errorMessage = error.message;
      entry.stackTrace = traceOf(error);
    }
  }
  let text;
  try {
    text = JSON.stringify(entry);
  } catch {
    entry.message = format(...args);
    text = JSON.stringify(entry);
  }
  record(`${text}\n`);
}

console.log = (...args) => log('INFO', args);
console.info = (...args) => log('INFO', args);
console.warn = (...args) => log('WARN', args);
console.error = (...args) => log('ERROR', args);
console.debug = (...args) => log('DEBUG', args);
console.trace = (...args) => log('TRACE', args);
console.dir = (value, options) => log('INFO', [inspect(value, { customInspect: false, ...options })]);

// ---- errors ----

class RuntimeError extends Error {
  constructor(type, message) {
    super(message);
    this.name = type;
    // Its first lines name it; the frames begin after them.
    const frames = this.stack.indexOf('\n    at ');
    this.stack = `${type}: ${message}${frames < 0 ? '' : this.stack.slice(frames)}`;
  }
}

function isError(value) {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

function traceOf(error) {
  return typeof error.stack === 'string' ? error.stack.split('\n') : [];
}

/** As AWS answers a failed invocation. */
function errorAnswer(error) {
  if (!isError(error)) {
    let message;
    try {
      message = String(error);
    } catch {
      message = inspect(error);
    }
    return { errorType: typeof error, errorMessage: message, trace: [] };
  }
  return { errorType: error.name, errorMessage: error.message, trace: traceOf(error) };
}

/** As AWS logs it: every own property, the stack as lines. */
function errorRecord(error) {
  if (!isError(error)) return JSON.stringify(errorAnswer(error));
  const facts = { errorType: error.name ?? 'UnknownError', errorMessage: error.message, code: error.code };
  for (const name of Object.keys(error)) if (name !== 'name') facts[name] = error[name];
  facts.stack = traceOf(error);
  try {
    return JSON.stringify(facts);
  } catch {
    return JSON.stringify({
      errorType: facts.errorType,
      errorMessage: facts.errorMessage,
      stack: facts.stack,
    });
  }
}

function logError(title, error) {
  if (jsonLogs) log('ERROR', [error]);
  else log('ERROR', [`${title} \t${errorRecord(error)}`]);
}

function errorHeader(answer) {
  return `Lambda-Runtime-Function-Error-Type: ${answer.errorType.replace(/[^\x20-\x7e]/g, '?')}\r\n`;
}

// ---- the handler ----

let handler;
let streaming = false;
let functionFacts;

globalThis.awslambda = {
  streamifyResponse: (inner) => {
    inner[Symbol.for('aws.lambda.runtime.handler.streaming')] = 'response';
    return inner;
  },
  HttpResponseStream: {
    from: (stream, prelude) => {
      stream.setContentType('application/vnd.awslambda.http-integration-response');
      stream.write(Buffer.concat([Buffer.from(JSON.stringify(prelude)), Buffer.alloc(8)]));
      return stream;
    },
  },
};

function nearestType(folder) {
  for (let at = folder; ; at = path.dirname(at)) {
    try {
      return JSON.parse(fs.readFileSync(path.join(at, 'package.json'), 'utf8')).type ?? 'commonjs';
    } catch (error) {
      if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') return 'commonjs';
    }
    if (at === path.dirname(at) || path.basename(at) === 'node_modules') return 'commonjs';
  }
}

async function loadModule(root, name) {
  const base = path.resolve(root, name);
  const found = ['.js', '.mjs', '.cjs', ''].find((extension) => {
    try {
      return fs.statSync(base + extension).isFile();
    } catch {
      return false;
    }
  });
  try {
    if (found === undefined) {
      // A folder with an index.
      return require(require.resolve(`./${name}`, { paths: [root] }));
    }
    const file = base + found;
    if (found === '.mjs' || (found === '.js' && nearestType(path.dirname(file)) === 'module')) {
      return await import(pathToFileURL(file).href);
    }
    return require(file);
  } catch (error) {
    if (error instanceof SyntaxError) throw new RuntimeError('Runtime.UserCodeSyntaxError', String(error));
    if (error.code === 'MODULE_NOT_FOUND' || error.code === 'ERR_MODULE_NOT_FOUND') {
      if (found === undefined) {
        throw new RuntimeError(
          'Runtime.ImportModuleError',
          `Error: Cannot find module '${path.basename(name)}'\nRequire stack:\n- /var/runtime/index.mjs`,
        );
      }
      throw new RuntimeError('Runtime.ImportModuleError', String(error));
    }
    throw error;
  }
}

async function loadHandler(root, spelled) {
  if (spelled.includes('..')) {
    throw new RuntimeError(
      'Runtime.MalformedHandlerName',
      `'${spelled}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  }
  const last = path.basename(spelled);
  const dot = last.indexOf('.');
  if (dot < 0) throw new RuntimeError('Runtime.MalformedHandlerName', 'Bad handler');
  const module = path.join(path.dirname(spelled), last.slice(0, dot));
  let found = await loadModule(root, module);
  for (const name of last.slice(dot + 1).split('.')) found = found?.[name];
  if (found === undefined) {
    throw new RuntimeError('Runtime.HandlerNotFound', `${spelled} is undefined or not exported`);
  }
  if (typeof found !== 'function') {
    throw new RuntimeError('Runtime.HandlerNotFound', `${spelled} is not a function`);
  }
  return found;
}

// ---- old clients ----

const AWS_HOST = /\.amazonaws\.com(?:\.cn)?$/;

/** SDK 2 knows nothing of AWS_ENDPOINT_URL: its calls of AWS's hosts go there all the same, signed as they are. */
function redirect(https, endpoint) {
  const request = https.request;
  https.request = function (first, second, third) {
    const isAddress = typeof first === 'string' || first instanceof URL;
    const address = isAddress ? new URL(first) : undefined;
    const options = { ...(isAddress ? (typeof second === 'object' ? second : {}) : first) };
    const callback = [second, third].find((argument) => typeof argument === 'function');
    const host = options.hostname ?? options.host ?? address?.hostname ?? '';
    if (!AWS_HOST.test(host)) return request.call(this, first, second, third);
    const headers = options.headers ?? {};
    const named =
      Array.isArray(headers) || Object.keys(headers).some((name) => name.toLowerCase() === 'host');
    return require('node:http').request(
      {
        ...options,
        ...(address === undefined ? {} : { path: address.pathname + address.search }),
        headers: named ? headers : { ...headers, host },
        protocol: 'http:',
        host: endpoint.hostname,
        hostname: endpoint.hostname,
        port: endpoint.port,
        agent: undefined,
      },
      callback,
    );
  };
  https.get = (...args) => {
    const sent = https.request(...args);
    sent.end();
    return sent;
  };
}

/** Patches `https` when it is first asked for: most functions never do, and loading it takes milliseconds. */
function redirectOldClients(url) {
  const endpoint = new URL(url);
  if (endpoint.protocol !== 'http:') return;
  const Module = require('node:module');
  const load = Module._load;
  Module._load = function (request, ...rest) {
    const loaded = load.call(this, request, ...rest);
    if (request === 'https' || request === 'node:https') {
      Module._load = load;
      redirect(loaded, endpoint);
    }
    return loaded;
  };
}

// ---- standing by ----

const WARM_AFTER_MS = 20;

/** The first module of each kind takes Node milliseconds longer than the next: those that stand by load one ahead. */
function warmUp() {
  const blank = path.join(__dirname, 'blank');
  import(pathToFileURL(`${blank}.mjs`).href);
  require(`${blank}.cjs`);
  delete require.cache[`${blank}.cjs`];
}

const warming = setTimeout(warmUp, WARM_AFTER_MS);

async function claimed(claim) {
  clearTimeout(warming);
  offsetMs = claim.clockOffsetMs;
  Object.assign(process.env, claim.environment);
  functionFacts = claim.function;
  jsonLogs = claim.environment.AWS_LAMBDA_LOG_FORMAT === 'JSON';
  lowestLevel = jsonLogs ? (LEVELS[claim.environment.AWS_LAMBDA_LOG_LEVEL] ?? 0) : 0;
  if (process.env.AWS_ENDPOINT_URL !== undefined) redirectOldClients(process.env.AWS_ENDPOINT_URL);
  if (process.cwd() !== claim.codeFolder) process.chdir(claim.codeFolder);
  try {
    handler = await loadHandler(claim.codeFolder, claim.handler);
    streaming = handler[Symbol.for('aws.lambda.runtime.handler.streaming')] !== undefined;
    if (
      !streaming &&
      handler.length >= 3 &&
      Number(/nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV ?? '')?.[1] ?? 0) >= 24
    ) {
      throw new RuntimeError(
        'Runtime.CallbackHandlerDeprecated',
        'AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this function to use a supported handler signature to use Node.js 24 or later.',
      );
    }
  } catch (error) {
    logError('Uncaught Exception', error);
    const answer = errorAnswer(error);
    post('init/error', JSON.stringify(answer), errorHeader(answer), '');
    socket.end();
    process.exitCode = 1;
    setTimeout(() => process.exit(1), 50);
    return;
  }
  socket.write(NEXT);
}

// ---- invocations ----

/** Ends the invocation under way; undefined between two. */
let finish;
/** A callback's answer that waits for the event loop to empty. */
let whenEmpty;

function parsed(text) {
  return text === undefined ? undefined : JSON.parse(text);
}

function createContext(headers) {
  const deadlineMs = Number(headers['lambda-runtime-deadline-ms']);
  const context = {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: functionFacts.version,
    functionName: functionFacts.name,
    memoryLimitInMB: functionFacts.memoryMb,
    logGroupName: functionFacts.logGroup,
    logStreamName: functionFacts.logStream,
    clientContext: parsed(headers['lambda-runtime-client-context']),
    identity: parsed(headers['lambda-runtime-cognito-identity']),
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    getRemainingTimeInMillis: () => deadlineMs - (realNow() + offsetMs),
  };
  return context;
}

/** The streamed answer under way, once its head has been sent. */
let streamed;

/** What a streaming handler writes to: each chunk leaves at once. `done` is called after the last, or with an error. */
function responseStream(id, isOver, done) {
  const { Writable } = require('node:stream');
  let contentType = 'application/octet-stream';
  const begin = () => {
    if (streamed !== undefined) return '';
    streamed = { fail: (answer) => socket.write(`0\r\n${errorTrailers(answer)}\r\n`) };
    const memory = Math.round(process.memoryUsage.rss() / 1024);
    return `POST /2018-06-01/runtime/invocation/${id}/response HTTP/1.1\r\nTransfer-Encoding: chunked\r\nLambda-Runtime-Function-Response-Mode: streaming\r\nContent-Type: ${contentType.replace(/[^\x20-\x7e]/g, '?')}\r\nLambent-Memory-Kb: ${memory}\r\n\r\n`;
  };
  const stream = new Writable({
    write(chunk, _encoding, callback) {
      if (isOver()) {
        callback();
        return;
      }
      const head = begin();
      if (chunk.length === 0) {
        socket.write(head, callback);
        return;
      }
      socket.write(
        Buffer.concat([Buffer.from(`${head}${chunk.length.toString(16)}\r\n`), chunk, LINE_END]),
        callback,
      );
    },
    final(callback) {
      if (!isOver()) socket.write(`${begin()}0\r\n\r\n`);
      callback();
    },
  });
  stream.setContentType = (type) => {
    if (streamed !== undefined) {
      throw new RuntimeError('Runtime.InvalidStreamingOperation', 'Cannot set content-type, too late.');
    }
    contentType = String(type);
  };
  stream.on('finish', () => done());
  stream.on('error', (error) => done(error));
  return stream;
}

const LINE_END = Buffer.from('\r\n');

/** How an answer that has begun tells that it failed. */
function errorTrailers(answer) {
  const body = Buffer.from(JSON.stringify(answer)).toString('base64');
  return `${errorHeader(answer)}Lambda-Runtime-Function-Error-Body: ${body}\r\n`;
}

function invoked(headers, body) {
  const id = headers['lambda-runtime-aws-request-id'];
  requestId = id;
  offsetMs = Number(headers['lambent-clock-offset-ms'] ?? 0);
  const trace = headers['lambda-runtime-trace-id'];
  if (trace !== undefined) process.env._X_AMZN_TRACE_ID = trace;
  else delete process.env._X_AMZN_TRACE_ID;

  let over = false;
  const end = (where, text, more) => {
    if (over) return false;
    over = true;
    finish = undefined;
    whenEmpty = undefined;
    socket.ref();
    if (where === 'streamed') socket.write(NEXT);
    else post(`invocation/${id}/${where}`, text, more, NEXT);
    return true;
  };
  streamed = undefined;
  const succeed = (value) => {
    let text;
    try {
      text = JSON.stringify(value === undefined ? null : value) ?? 'null';
    } catch (error) {
      fail(new RuntimeError('Runtime.UnhandledError', `Unable to stringify response body: ${error.message}`));
      return;
    }
    end('response', text, '');
  };
  const fail = (error) => {
    if (over) return;
    logError('Invoke Error', error);
    const answer = errorAnswer(error);
    if (streamed !== undefined) {
      streamed.fail(answer);
      end('streamed');
    } else end('error', JSON.stringify(answer), errorHeader(answer));
  };
  finish = { succeed, fail };
  // While the function runs, only its own work keeps the event loop busy.
  socket.unref();

  let event;
  try {
    event = body.length === 0 ? {} : JSON.parse(body.toString());
  } catch (error) {
    fail(error);
    return;
  }
  const context = createContext(headers);
  if (streaming) {
    const stream = responseStream(
      id,
      () => over,
      (error) => {
        if (error !== undefined) fail(error);
        else end('streamed');
      },
    );
    // What ends without the end of its stream has said all it has to say.
    finish = { succeed: () => stream.end(), fail };
    Promise.resolve()
      .then(() => handler(event, stream, context))
      .catch(fail);
    return;
  }
  const callback = (error, value) => {
    if (over) return;
    const answer = () => (error === undefined || error === null ? succeed(value) : fail(error));
    if (context.callbackWaitsForEmptyEventLoop && (error === undefined || error === null)) whenEmpty = answer;
    else answer();
  };
  context.done = callback;
  context.succeed = (value) => callback(null, value);
  context.fail = (error) => callback(error ?? 'handled');
  try {
    const result = handler(event, context, callback);
    if (typeof result?.then === 'function') result.then(succeed, fail);
    // A handler that answers neither by promise nor by callback has answered null.
  } catch (error) {
    fail(error);
  }
}

process.on('beforeExit', () => {
  if (finish === undefined) return;
  if (whenEmpty !== undefined) whenEmpty();
  else finish.succeed(null);
});

function crashed(title, error, code) {
  logError(title, error);
  const answer = errorAnswer(error);
  if (requestId !== undefined && finish !== undefined) {
    if (streamed !== undefined) streamed.fail(answer);
    else post(`invocation/${requestId}/error`, JSON.stringify(answer), errorHeader(answer), '');
  } else if (handler === undefined) post('init/error', JSON.stringify(answer), errorHeader(answer), '');
  process.exit(code);
}
process.on('uncaughtException', (error) => crashed('Uncaught Exception', error, 129));
process.on('unhandledRejection', (reason) => {
  const error = new RuntimeError(
    'Runtime.UnhandledPromiseRejection',
    isError(reason) ? String(reason) : String(reason),
  );
  error.reason = reason;
  error.stack = isError(reason) ? `${error.name}: ${error.message}\n${reason.stack}` : error.stack;
  crashed('Unhandled Promise Rejection', error, 128);
});

socket.write('GET /lambent/claim HTTP/1.1\r\n\r\n');
