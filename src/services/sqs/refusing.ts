import type { OperationModel } from '../../model/model.ts';
import type { Violation } from '../../model/violation.ts';
import { fault, missing, noQueue } from './fault.ts';

const ENTRIES = 'Entries';

/** What is missing is said in SQS's own words, one thing at a time; the queue comes first. */
export function refuseMissing(
  input: Readonly<Record<string, unknown>>,
  violations: readonly Violation[],
  { name, input: shape }: OperationModel,
): void {
  const absent = violations.filter(
    ({ constraint, path }) => constraint.kind === 'required' && !path.includes('.'),
  );
  const lacks = (member: string) =>
    input[member] === undefined && absent.some(({ path }) => path.toLowerCase() === member.toLowerCase());
  if (lacks('QueueUrl')) throw noQueue();
  if (lacks('QueueName')) throw fault('InvalidParameterValue', 'Queue name cannot be empty');
  if (lacks(ENTRIES)) {
    throw fault('EmptyBatchRequest', `There should be at least one ${name}RequestEntry in the request.`);
  }
  const [first] = absent;
  if (first === undefined || shape === undefined) return;
  throw missing(`${first.path.charAt(0).toUpperCase()}${first.path.slice(1)}`);
}

/** A queue's address takes what is asked of a queue. */
export function memberOfPath(path: string, operation: OperationModel): Readonly<Record<string, unknown>> {
  if (path === '/') return {};
  if (OF_NO_QUEUE.has(operation.name)) throw fault('InvalidAction', invalidAction(operation.name));
  return { QueueUrl: path };
}

const OF_NO_QUEUE: ReadonlySet<string> = new Set([
  'CancelMessageMoveTask',
  'CreateQueue',
  'ListMessageMoveTasks',
  'ListQueues',
  'StartMessageMoveTask',
]);

export function invalidAction(action: string): string {
  return `The action ${action} is not valid for this endpoint.`;
}
