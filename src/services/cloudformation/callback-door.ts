import type { Context } from '../../service/context.ts';
import type { FrontDoor } from '../../service/front-door.ts';
import { complete, fail } from './engine/finish.ts';
import { Run, stackQueue } from './engine/run.ts';
import { layout } from './layout.ts';
import { type CustomResourceAnswer, readAnswer } from './resources/custom-resource-answer.ts';

const PATH = '/_aws/cloudformation/response/';
/** AWS's limit for a custom resource's answer. */
const MOST_BYTES = 4096;

/** Takes what custom resources PUT to their ResponseURL, where AWS has a presigned S3 object. */
export const callbackDoor: FrontDoor = {
  name: 'cloudformation-response',
  paths: [PATH],
  async handle(request, ctx) {
    const { response } = request;
    const reply = (status: number, text: string) => {
      response.writeHead(status, { 'content-type': 'text/plain' });
      response.end(text);
    };
    if (request.method !== 'PUT') return reply(405, 'Method Not Allowed');
    const [account = '', region = '', secret = ''] = request.path.slice(PATH.length).split('/');
    const body = await request.body(MOST_BYTES);
    const answer = readAnswer(Buffer.from(body).toString('utf8'));
    const known = await take(ctx.as({ account, region }), secret, answer);
    return known ? reply(200, '') : reply(403, 'Request has expired');
  },
};

/** False when nobody waits for an answer under this secret. */
async function take(ctx: Context, secret: string, answer: CustomResourceAnswer): Promise<boolean> {
  const { callbacks } = layout.at(ctx.account, ctx.region);
  const known = await callbacks.get(ctx.store, [secret]);
  if (known === undefined) return false;
  await ctx.transact(async (tx) => {
    const callback = await callbacks.get(tx, [secret]);
    if (callback === undefined) return;
    callbacks.delete(tx, [secret]);
    const run = await Run.load(tx, ctx, callback.stack, callback.operation, callback.logicalId);
    const row = run?.resources.get(callback.logicalId);
    const work = row?.work;
    // Cancelled, timed out, or answered before.
    if (run === undefined || work === undefined || (work.state !== 'running' && work.state !== 'waiting'))
      return;
    if (answer.status === 'FAILED') {
      await fail(
        run,
        callback.logicalId,
        `Received response status [FAILED] from custom resource. Message returned: ${answer.reason} (RequestId: ${callback.requestId})`,
        work.action === 'create' ? answer.physicalId : undefined,
      );
    } else if (work.action === 'delete') {
      await complete(run, callback.logicalId, undefined);
    } else {
      await complete(run, callback.logicalId, {
        physicalId: answer.physicalId ?? work.before?.physicalId ?? callback.requestId,
        attributes: answer.data,
      });
    }
    run.enqueueAdvance();
  }, stackQueue(known.stack));
  return true;
}
