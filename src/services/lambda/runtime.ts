import type { Context } from '../../service/context.ts';
import { fault } from './reference.ts';

/**
 * Runtimes AWS no longer makes functions with. Old templates name them, and most run on a newer one of their family.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html#runtimes-deprecated
 */
const RETIRED =
  /^(?:nodejs(?:4\.3(?:-edge)?|6\.10|8\.10|1[0246]\.x)?|python3\.[678]|java8|go1\.x|provided|ruby2\.[57]|dotnetcore.*|dotnet[57])$/;

/** Refuses the one nothing newer can stand in for. */
export function checkRuntime(runtime: string | undefined): void {
  if (runtime !== 'python2.7') return;
  throw fault(
    'InvalidParameterValueException',
    `The runtime parameter of ${runtime} is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions.`,
  );
}

/** Says in the log that AWS would refuse what works here. */
export function noteRuntime(ctx: Context, name: string, runtime: string | undefined): void {
  if (runtime === undefined || !RETIRED.test(runtime)) return;
  ctx.log('warn', `${name}: AWS has retired ${runtime}; it runs on the nearest runtime that is here`);
}
