import { isDeepStrictEqual } from 'node:util';
import { assert } from '../../base/assert.ts';
import type { Context } from '../../service/context.ts';
import type { FunctionVersion } from './layout.ts';

type Variables = Readonly<Record<string, string>>;

/** Whose a version is, and what opens its secrets. */
export type Holder = Pick<Context, 'account' | 'region' | 'ports'>;

/** A function's variables under the server's key, as its rows keep them; each bound to the function they are of. */
export function sealVariables(variables: Variables, name: string, holder: Holder): string {
  return holder.ports.identity.sealSecret(Buffer.from(JSON.stringify(variables)), labelOf(name, holder));
}

export function openVariables(
  { sealedVariables, name }: Pick<FunctionVersion, 'sealedVariables' | 'name'>,
  holder: Holder,
): Variables | undefined {
  if (sealedVariables === undefined) return undefined;
  const opened = holder.ports.identity.openSecret(sealedVariables, labelOf(name, holder));
  assert(opened !== undefined, `the variables of ${name} do not open`);
  return JSON.parse(Buffer.from(opened).toString()) as Variables;
}

/** The same variables keep their seal, so that a version that is otherwise the same stays the same. */
export function resealVariables(
  variables: Variables | undefined,
  before: Pick<FunctionVersion, 'sealedVariables' | 'name'>,
  holder: Holder,
): string | undefined {
  if (variables === undefined) return undefined;
  return isDeepStrictEqual(openVariables(before, holder), variables)
    ? before.sealedVariables
    : sealVariables(variables, before.name, holder);
}

function labelOf(name: string, { account, region }: Holder): string {
  return `lambda/variables/${account}/${region}/${name}`;
}
