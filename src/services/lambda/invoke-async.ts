import type { LambdaOperations } from '../../model/gen/lambda.ts';
import type { Group } from '../../service/service.ts';
import { acceptEvent } from './events.ts';
import { checkPayload, requestOf } from './invocations.ts';
import { targetOf } from './reading.ts';
import { runningOf } from './running.ts';

/** Of events. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const MOST_BYTES = 1024 * 1024;

/** `Invoke` with events had an operation of its own before it had a type. */
export const invokeAsync = {
  async InvokeAsync(input, ctx) {
    const target = targetOf(ctx, input.FunctionName);
    const payload = input.InvokeArgs;
    checkPayload(payload, MOST_BYTES);
    await runningOf(ctx).resolve(target);
    await acceptEvent(target, requestOf(target, { Payload: payload }));
    return { Status: 202 };
  },
} satisfies Group<LambdaOperations>;
