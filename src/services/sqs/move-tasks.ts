import type { ListMessageMoveTasksResultEntry, SqsOperations } from '../../model/gen/sqs.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { rowsOf } from './content.ts';
import { countMessages } from './counting.ts';
import { sourcesOf } from './dead-letter.ts';
import { badValue, fault } from './fault.ts';
import type { MoveRow, QueueRow } from './layout.ts';
import { type QueueName, queueArn, queueOfArn } from './queue.ts';

const MOST_PER_SECOND = 500;
const MOST_LISTED = 10;

/** Names a task to CancelMessageMoveTask. */
interface TaskHandle {
  readonly taskId: string;
  readonly sourceArn: string;
}

function sealHandle(handle: TaskHandle): string {
  return Buffer.from(JSON.stringify(handle)).toString('base64');
}

function openHandle(text: string): TaskHandle {
  try {
    const { taskId, sourceArn } = JSON.parse(Buffer.from(text, 'base64').toString()) as Partial<TaskHandle>;
    if (typeof taskId === 'string' && typeof sourceArn === 'string') return { taskId, sourceArn };
  } catch {
    // Answered below, like JSON that is no handle.
  }
  throw fault('InvalidParameterValue', 'Value for parameter TaskHandle is invalid.');
}

async function source(
  ctx: Context,
  arn: string,
): Promise<{ readonly name: QueueName; readonly queue: QueueRow }> {
  const name = queueOfArn(arn);
  const queue = name && (await rowsOf(name).queues.get(ctx.store, [name.name]));
  if (name === undefined || queue === undefined) {
    throw fault(
      'ResourceNotFoundException',
      "The resource that you specified for the SourceArn parameter doesn't exist.",
    );
  }
  return { name, queue };
}

async function checkDestination(ctx: Context, arn: string | undefined, from: QueueRow): Promise<void> {
  if (arn === undefined) return;
  const name = queueOfArn(arn);
  const queue = name && (await rowsOf(name).queues.get(ctx.store, [name.name]));
  if (queue === undefined || name?.account !== ctx.account || name.region !== ctx.region) {
    throw fault(
      'ResourceNotFoundException',
      "The resource that you specified for the DestinationArn parameter doesn't exist.",
    );
  }
  if (queue.fifo !== from.fifo) {
    throw badValue(arn, 'DestinationArn', 'Destination queue must be same type of queue as the source.');
  }
}

function describe(startedAtMs: number, taskId: string, task: MoveRow): ListMessageMoveTasksResultEntry {
  const { sourceArn, status } = task;
  return {
    ...(status === 'RUNNING' ? { TaskHandle: sealHandle({ taskId, sourceArn }) } : {}),
    Status: status,
    SourceArn: sourceArn,
    DestinationArn: task.destinationArn,
    MaxNumberOfMessagesPerSecond: task.perSecond,
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.toMove,
    FailureReason: task.failure,
    StartedTimestamp: startedAtMs,
  };
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html */
export const moveTasks = {
  async StartMessageMoveTask(input, ctx) {
    const { SourceArn: sourceArn, DestinationArn: destinationArn } = input;
    const perSecond = input.MaxNumberOfMessagesPerSecond;
    const { name, queue } = await source(ctx, sourceArn);
    if ((await sourcesOf(ctx, name)).length === 0) {
      throw fault('InvalidParameterValue', 'Source queue must be configured as a Dead Letter Queue.');
    }
    if (perSecond !== undefined && (perSecond < 1 || perSecond > MOST_PER_SECOND)) {
      throw badValue(perSecond, 'MaxNumberOfMessagesPerSecond', `Must be between 1 and ${MOST_PER_SECOND}.`);
    }
    await checkDestination(ctx, destinationArn, queue);
    const rows = rowsOf(name);
    const startedAtMs = Math.floor(ctx.world.clock.now());
    const taskId = ctx.world.random.uuid();
    const { visible } = await countMessages(ctx.store, name, queue, startedAtMs);
    await ctx.transact(async (tx) => {
      const tasks = await rows.moves.all(tx, [queue.id]);
      if (tasks.some(({ value }) => value.status === 'RUNNING' || value.status === 'CANCELLING')) {
        throw fault(
          'InvalidParameterValue',
          'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
        );
      }
      // No more than what ListMessageMoveTasks can show is kept.
      for (const { key } of tasks.slice(0, Math.max(0, tasks.length - MOST_LISTED + 1))) {
        rows.moves.delete(tx, key);
      }
      rows.moves.set(tx, [queue.id, startedAtMs, taskId], {
        sourceArn: queueArn(name),
        ...(destinationArn === undefined ? {} : { destinationArn }),
        ...(perSecond === undefined ? {} : { perSecond }),
        status: 'RUNNING',
        moved: 0,
        toMove: visible,
      });
      const payload = { name: name.name, queueId: queue.id, startedAtMs, taskId };
      ctx.as({ account: name.account, region: name.region }).enqueue(tx, { kind: 'move', payload });
    });
    return { TaskHandle: sealHandle({ taskId, sourceArn: queueArn(name) }) };
  },

  async CancelMessageMoveTask(input, ctx) {
    const { taskId, sourceArn } = openHandle(input.TaskHandle);
    const { name, queue } = await source(ctx, sourceArn);
    const { moves } = rowsOf(name);
    return ctx.transact(async (tx) => {
      const tasks = await moves.all(tx, [queue.id]);
      const found = tasks.find(({ key }) => key[2] === taskId);
      if (found === undefined) throw fault('ResourceNotFoundException', 'Task does not exist.');
      const { key, value: task } = found;
      if (task.status !== 'RUNNING') {
        throw fault('UnsupportedOperation', 'Only active tasks can be cancelled.');
      }
      moves.set(tx, key, { ...task, status: 'CANCELLING' });
      return { ApproximateNumberOfMessagesMoved: task.moved };
    });
  },

  async ListMessageMoveTasks(input, ctx) {
    const { name, queue } = await source(ctx, input.SourceArn);
    const limit = input.MaxResults ?? 1;
    if (limit < 1 || limit > MOST_LISTED) {
      throw badValue(limit, 'MaxResults', `Must be between 1 and ${MOST_LISTED}.`);
    }
    const page = await rowsOf(name).moves.page(ctx.store, [queue.id], { limit, reverse: true });
    return { Results: page.rows.map(({ key, value }) => describe(key[1], key[2], value)) };
  },
} satisfies Group<SqsOperations>;
