import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Context } from '../../service/context.ts';

/** An endpoint has this long to answer. */
const TIMEOUT_MS = 15_000;

/** Posts a text; resolves to the answer's status, or undefined when there was none. */
export function post(
  ctx: Context,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<number | undefined> {
  const target = new URL(url);
  const bytes = Buffer.from(body);
  const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
  const { username, password } = target;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return new Promise((resolve) => {
    const request = send(target, {
      method: 'POST',
      agent: false,
      headers: {
        ...headers,
        'content-length': bytes.length,
        'accept-encoding': 'gzip,deflate',
        'user-agent': 'Amazon Simple Notification Service Agent',
        ...(username === '' ? {} : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }),
      },
    });
    const cancel = ctx.world.timers.after(TIMEOUT_MS, () => request.destroy(new Error('no answer in time')));
    const settle = (status: number | undefined) => {
      cancel();
      resolve(status);
    };
    request.on('response', (response) => {
      response.on('error', () => settle(undefined));
      response.on('end', () => settle(response.statusCode));
      response.resume();
    });
    // Refused, reset, unknown or too slow: all are tried again.
    request.on('error', () => settle(undefined));
    request.end(bytes);
  });
}
