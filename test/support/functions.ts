import { strict as assert } from 'node:assert';
import { type CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateFunctionCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { zipSync } from 'fflate';

/** Makes a Node.js function of one file, `index.js`. */
export async function makeFunction(
  lambda: LambdaClient,
  FunctionName: string,
  Role: string,
  source: string,
  Timeout?: number,
): Promise<void> {
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Role,
      Runtime: 'nodejs20.x',
      Handler: 'index.handler',
      Timeout,
      Code: { ZipFile: zipSync({ 'index.js': Buffer.from(source) }) },
    }),
  );
}

/** What a function printed behind `@@`, a JSON value a line, once there are `count` of them. */
export async function printed(
  logs: CloudWatchLogsClient,
  name: string,
  count: number,
): Promise<readonly unknown[]> {
  for (let i = 0; ; i++) {
    const page = await logs
      .send(new FilterLogEventsCommand({ logGroupName: `/aws/lambda/${name}`, filterPattern: '"@@"' }))
      .catch(() => undefined);
    const found = (page?.events ?? []).map(({ message = '' }) =>
      JSON.parse(message.slice(message.indexOf('@@') + 2)),
    );
    if (found.length >= count) return found;
    assert.ok(i < 300, `${name} printed ${JSON.stringify(found)}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}
