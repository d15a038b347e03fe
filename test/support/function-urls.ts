import { AddPermissionCommand, type LambdaClient } from '@aws-sdk/client-lambda';

/** Lets everybody call a function by its URL, which takes two permissions. */
export async function openFunctionUrl(lambda: LambdaClient, FunctionName: string): Promise<void> {
  await lambda.send(
    new AddPermissionCommand({
      FunctionName,
      StatementId: 'public-url',
      Action: 'lambda:InvokeFunctionUrl',
      Principal: '*',
      FunctionUrlAuthType: 'NONE',
    }),
  );
  await lambda.send(
    new AddPermissionCommand({
      FunctionName,
      StatementId: 'public-by-url',
      Action: 'lambda:InvokeFunction',
      Principal: '*',
      InvokedViaFunctionUrl: true,
    }),
  );
}
