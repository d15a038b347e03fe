import { AttachRolePolicyCommand, CreateRoleCommand, type IAMClient } from '@aws-sdk/client-iam';

/** Makes a role that functions run under, with AWS's own policies of these names, and returns its ARN. */
export async function makeFunctionRole(
  iam: IAMClient,
  RoleName: string,
  ...policies: readonly string[]
): Promise<string> {
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName,
      AssumeRolePolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
        ],
      }),
    }),
  );
  for (const policy of policies) {
    const PolicyArn = `arn:aws:iam::aws:policy/service-role/${policy}`;
    await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
  }
  return Role?.Arn ?? '';
}
