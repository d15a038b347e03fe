import { loadModel } from '../../model/load.ts';
import type { OperationModel } from '../../model/model.ts';
import type { AuthorisationRule } from '../../service/service.ts';

/**
 * API Gateway's actions are HTTP verbs and its resources the paths of its own API:
 * `apigateway:PATCH` on `arn:aws:apigateway:us-east-1::/restapis/abc/stages/prod`.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
 */
export function authorisationOf(operations: readonly string[]): Readonly<Record<string, AuthorisationRule>> {
  return Object.fromEntries(operations.map((name) => [name, ruleOf(name)]));
}

function ruleOf(name: string): AuthorisationRule<Readonly<Record<string, unknown>>> {
  let binding: { readonly action: string; readonly parts: readonly PathPart[] } | undefined;
  return (input, { region }) => {
    binding ??= bindingOf(name);
    let path = '';
    for (const part of binding.parts)
      path += typeof part === 'string' ? part : encodeURIComponent(String(input[part.member]));
    return [{ action: binding.action, resource: `arn:aws:apigateway:${region}::${path}` }];
  };
}

type PathPart = string | { readonly member: string };

function bindingOf(name: string): { readonly action: string; readonly parts: readonly PathPart[] } {
  const { operations, shapes } = loadModel('apigateway');
  const operation = operations[name] as OperationModel;
  const members = Object.entries(shapes[operation.input?.shape ?? '']?.members ?? {});
  const { method, requestUri } = operation.http ?? { method: 'GET', requestUri: '/' };
  const parts = (requestUri.split('?')[0] as string).split(/(\{[^}]+\})/).map((piece): PathPart => {
    if (!piece.startsWith('{')) return piece;
    const label = piece.slice(1, -1);
    const found = members.find(([, member]) => member.location === 'uri' && member.locationName === label);
    return { member: found?.[0] ?? label };
  });
  return { action: `apigateway:${method}`, parts };
}
