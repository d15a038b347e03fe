import { createHash } from 'node:crypto';
import { basename, dirname, resolve } from 'node:path';
import type { World } from '../world/world.ts';
import { AnsweredError, type Client, child, children, textOf } from './client.ts';
import { DeployError } from './deploy-error.ts';
import { type Artifact, packageTemplate } from './package.ts';
import type { Terminal } from './terminal.ts';

const VERSION = '2010-05-15';
const POLL_MS = 25;
/** What a request may hold of a template, in bytes; a longer one goes by way of the bucket. */
const MOST_INLINE = 51_200;
const CAPABILITIES = ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM', 'CAPABILITY_AUTO_EXPAND'];

export interface DeployRequest {
  readonly template: string;
  readonly stackName: string;
  readonly account: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface Deployed {
  readonly stackName: string;
  /** False when the stack was as the template says already. */
  readonly changed: boolean;
  readonly outputs: readonly StackOutput[];
  /** What was packaged: the files to watch. */
  readonly sources: readonly string[];
}

export interface StackOutput {
  readonly key: string;
  readonly value: string;
  readonly description: string;
}

/** `examples/rides/template.yaml` deploys as `rides`. */
export function stackNameOf(template: string): string {
  const folder = basename(dirname(resolve(template)));
  const name = folder.replace(/[^A-Za-z0-9-]+/g, '-').replace(/^[^A-Za-z]+|-+$/g, '');
  return name === '' ? 'lambent-app' : name;
}

/** The parameter that carries a template: itself, or where it lies. */
async function templateParameter(
  client: Client,
  bucket: string,
  text: string,
): Promise<Readonly<Record<string, string>>> {
  const bytes = Buffer.from(text);
  if (bytes.length <= MOST_INLINE) return { TemplateBody: text };
  const key = `${createHash('sha256').update(bytes).digest('hex')}.template`;
  await upload(client, bucket, [{ key, bytes: () => bytes }]);
  return { TemplateURL: `${client.endpoint}/${bucket}/${key}` };
}

async function upload(
  client: Client,
  bucket: string,
  artifacts: readonly Pick<Artifact, 'key' | 'bytes'>[],
): Promise<void> {
  if (artifacts.length === 0) return;
  const made = await client.signed('s3', 'PUT', `/${bucket}`, '', {}, '');
  if (made.status >= 300 && !made.body.includes('BucketAlreadyOwnedByYou')) {
    throw new DeployError(`the bucket ${bucket} cannot be made: ${made.body.toString('utf8')}`);
  }
  for (const { key, bytes } of artifacts) {
    const there = await client.signed('s3', 'HEAD', `/${bucket}/${key}`, '', {}, '');
    if (there.status === 200) continue;
    const put = await client.signed('s3', 'PUT', `/${bucket}/${key}`, '', {}, bytes());
    if (put.status >= 300) throw new DeployError(`${key} cannot be uploaded: ${put.body.toString('utf8')}`);
  }
}

interface StackState {
  readonly status: string;
  readonly reason: string;
  readonly outputs: readonly StackOutput[];
  readonly parameters: Readonly<Record<string, string>>;
}

async function describe(client: Client, stackName: string): Promise<StackState | undefined> {
  try {
    const result = await client.query('cloudformation', VERSION, 'DescribeStacks', { StackName: stackName });
    const [stack] = children(result, 'Stacks');
    return {
      status: textOf(stack, 'StackStatus'),
      reason: textOf(stack, 'StackStatusReason'),
      outputs: children(stack, 'Outputs').map((output) => ({
        key: textOf(output, 'OutputKey'),
        value: textOf(output, 'OutputValue'),
        description: textOf(output, 'Description'),
      })),
      parameters: Object.fromEntries(
        children(stack, 'Parameters').map((parameter) => [
          textOf(parameter, 'ParameterKey'),
          textOf(parameter, 'ParameterValue'),
        ]),
      ),
    };
  } catch (error) {
    if (error instanceof AnsweredError && error.code === 'ValidationError') return undefined;
    throw error;
  }
}

const SETTLED = new Set([
  'CREATE_COMPLETE',
  'UPDATE_COMPLETE',
  'UPDATE_ROLLBACK_COMPLETE',
  'IMPORT_COMPLETE',
]);

async function unchanged(
  client: Client,
  stack: StackState,
  request: DeployRequest,
  text: string,
): Promise<boolean> {
  if (!SETTLED.has(stack.status) || stack.status === 'UPDATE_ROLLBACK_COMPLETE') return false;
  for (const [name, value] of Object.entries(request.parameters))
    if (stack.parameters[name] !== value) return false;
  const current = await client.query('cloudformation', VERSION, 'GetTemplate', {
    StackName: request.stackName,
    TemplateStage: 'Original',
  });
  // XML folds carriage returns, and so does this comparison.
  return textOf(current, 'TemplateBody').replace(/\r\n?/g, '\n') === text.replace(/\r\n?/g, '\n');
}

function parameterList(parameters: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([name, value], index) => [
      [`Parameters.member.${index + 1}.ParameterKey`, name],
      [`Parameters.member.${index + 1}.ParameterValue`, value],
    ]),
  );
}

async function waitForChangeSet(client: Client, world: World, changeSet: string): Promise<boolean> {
  for (;;) {
    const result = await client.query('cloudformation', VERSION, 'DescribeChangeSet', {
      ChangeSetName: changeSet,
    });
    const status = textOf(result, 'Status');
    if (status === 'CREATE_COMPLETE') return true;
    if (status === 'FAILED') {
      const reason = textOf(result, 'StatusReason');
      if (/didn't contain changes|No updates are to be performed/.test(reason)) return false;
      throw new DeployError(reason);
    }
    await world.timers.sleep(POLL_MS);
  }
}

/** Prints each new event once and returns the stack's final status. */
async function follow(
  client: Client,
  world: World,
  stackName: string,
  since: ReadonlySet<string>,
  print: (line: string) => void,
): Promise<string> {
  const seen = new Set(since);
  let failure = '';
  for (;;) {
    const stack = await describe(client, stackName);
    const events = await client.query('cloudformation', VERSION, 'DescribeStackEvents', {
      StackName: stackName,
    });
    for (const event of [...children(events, 'StackEvents')].reverse()) {
      const id = textOf(event, 'EventId');
      if (seen.has(id)) continue;
      seen.add(id);
      const status = textOf(event, 'ResourceStatus');
      const reason = textOf(event, 'ResourceStatusReason');
      if (status.endsWith('_FAILED') && failure === '')
        failure = `${textOf(event, 'LogicalResourceId')}: ${reason}`;
      print(
        `  ${status.padEnd(22)} ${textOf(event, 'ResourceType').padEnd(30)} ${textOf(event, 'LogicalResourceId')}${status.endsWith('_FAILED') ? `  ${reason}` : ''}`,
      );
    }
    if (stack === undefined) return 'DELETE_COMPLETE';
    if (/(?:_COMPLETE|_FAILED)$/.test(stack.status) && !stack.status.endsWith('CLEANUP_IN_PROGRESS')) {
      if (/ROLLBACK|FAILED/.test(stack.status)) {
        throw new DeployError(`${stackName} is ${stack.status}: ${failure || stack.reason}`);
      }
      return stack.status;
    }
    await world.timers.sleep(POLL_MS);
  }
}

async function eventIds(client: Client, stackName: string): Promise<ReadonlySet<string>> {
  const events = await client.query('cloudformation', VERSION, 'DescribeStackEvents', {
    StackName: stackName,
  });
  return new Set(children(events, 'StackEvents').map((event) => textOf(event, 'EventId')));
}

/** Packages a template and deploys it through a change set, as `aws cloudformation package` and `deploy` do. */
export async function deploy(
  client: Client,
  world: World,
  terminal: Terminal,
  request: DeployRequest,
): Promise<Deployed> {
  const { stackName } = request;
  const bucket = `lambent-artifacts-${request.account}`;
  const { text, artifacts } = packageTemplate(request.template, bucket);
  const sources = [resolve(request.template), ...artifacts.map(({ source }) => source)];
  let stack = await describe(client, stackName);
  if (stack !== undefined && (await unchanged(client, stack, request, text))) {
    return { stackName, changed: false, outputs: stack.outputs, sources };
  }
  await upload(client, bucket, artifacts);
  if (stack?.status === 'ROLLBACK_COMPLETE' || stack?.status === 'ROLLBACK_FAILED') {
    await remove(client, world, terminal, stackName);
    stack = undefined;
  }
  const isNew = stack === undefined || stack.status === 'REVIEW_IN_PROGRESS';
  const before = stack === undefined ? new Set<string>() : await eventIds(client, stackName);
  const made = await client.query('cloudformation', VERSION, 'CreateChangeSet', {
    StackName: stackName,
    ChangeSetName: `lambent-${world.clock.realNow()}`,
    ChangeSetType: isNew ? 'CREATE' : 'UPDATE',
    ...(await templateParameter(client, bucket, text)),
    ...Object.fromEntries(CAPABILITIES.map((name, index) => [`Capabilities.member.${index + 1}`, name])),
    ...parameterList(request.parameters),
  });
  const changeSet = textOf(made, 'Id');
  const changed = await waitForChangeSet(client, world, changeSet);
  if (changed) {
    await client.query('cloudformation', VERSION, 'ExecuteChangeSet', { ChangeSetName: changeSet });
    await follow(client, world, stackName, before, (line) => terminal.out(line));
  } else await client.query('cloudformation', VERSION, 'DeleteChangeSet', { ChangeSetName: changeSet });
  const after = await describe(client, stackName);
  return { stackName, changed, outputs: after?.outputs ?? [], sources };
}

/** Deletes a stack and waits until it is gone. */
export async function remove(
  client: Client,
  world: World,
  terminal: Terminal,
  stackName: string,
): Promise<void> {
  const stack = await client.query('cloudformation', VERSION, 'DescribeStacks', { StackName: stackName });
  const id = textOf(child(stack, 'Stacks')?.children[0], 'StackId');
  const before = await eventIds(client, id);
  await client.query('cloudformation', VERSION, 'DeleteStack', { StackName: id });
  await follow(client, world, id, before, (line) => terminal.out(line));
}
