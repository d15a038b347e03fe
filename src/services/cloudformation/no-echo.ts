import { assert } from '../../base/assert.ts';
import type { Context } from '../../service/context.ts';
import type { ParameterValue } from './template/parameter.ts';

type Scope = Pick<Context, 'account' | 'ports'>;

/** Parameters as a stack keeps them: what its template calls NoEcho, encrypted under the server's key. */
export function sealParameters(
  parameters: readonly ParameterValue[],
  { account, ports }: Scope,
): readonly ParameterValue[] {
  return parameters.map((parameter) =>
    parameter.noEcho && parameter.sealed !== true
      ? {
          ...parameter,
          value: ports.identity.sealSecret(Buffer.from(parameter.value), labelOf(account, parameter)),
          sealed: true,
        }
      : parameter,
  );
}

/** The same as they were given. */
export function openParameters(
  parameters: readonly ParameterValue[],
  { account, ports }: Scope,
): readonly ParameterValue[] {
  return parameters.map((parameter) => {
    if (parameter.sealed !== true) return parameter;
    const { sealed: _sealed, ...plain } = parameter;
    const value = ports.identity.openSecret(parameter.value, labelOf(account, parameter));
    assert(value !== undefined, `the parameter ${parameter.key} does not open`);
    return { ...plain, value: Buffer.from(value).toString() };
  });
}

function labelOf(account: string, { key }: ParameterValue): string {
  return `no-echo/${account}/${key}`;
}
