import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { SessionCredentials } from '../../service/ports.ts';
import { fault } from './reference.ts';

export const SERVICE = 'lambda.amazonaws.com';

/** Credentials of an execution role, for functions and for what Lambda does on their behalf. */
export async function assumeRole(
  ctx: Context,
  roleArn: string,
  sessionName: string,
  functionArn: string,
): Promise<SessionCredentials> {
  try {
    return await ctx.ports.identity.assumeForService({
      roleArn,
      service: SERVICE,
      // Names of sessions have two characters or more.
      sessionName: sessionName.length < 2 ? `${sessionName}@lambda_function` : sessionName,
      sourceArn: functionArn,
      note: (decision) => ctx.noteDecision(decision),
    });
  } catch (error) {
    if (!Fault.is(error)) throw error;
    throw fault(
      'InvalidParameterValueException',
      'The role defined for the function cannot be assumed by Lambda.',
    );
  }
}
