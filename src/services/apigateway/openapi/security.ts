import type { Method } from '../../../model/gen/apigateway.ts';
import type { AuthorizerRow } from '../definition.ts';
import { type ApiDocument, isObject, type Json, listAt, memberAt, objectAt, textAt } from './document.ts';

/** The document's security schemes by name. */
export function securitySchemes({ root, version }: ApiDocument): Json {
  return version === 2
    ? objectAt(root, 'securityDefinitions')
    : objectAt(objectAt(root, 'components'), 'securitySchemes');
}

type Security = Pick<Method, 'authorizationType' | 'authorizerId' | 'authorizationScopes' | 'apiKeyRequired'>;

/**
 * How a method authorises: its own `security`, else the document's; each requirement is an authorizer, IAM or an API
 * key. `x-amazon-apigateway-auth` says it without a scheme.
 */
export function securityOf(
  document: ApiDocument,
  operation: Json,
  authorizers: ReadonlyMap<string, AuthorizerRow>,
  warn: (text: string) => void,
): Security {
  const schemes = securitySchemes(document);
  const requirements =
    isObject(operation) && Array.isArray(memberAt(operation, 'security'))
      ? listAt(operation, 'security')
      : listAt(document.root, 'security');
  let security: Security = { authorizationType: 'NONE', apiKeyRequired: false };
  for (const requirement of requirements) {
    for (const name of Object.keys(isObject(requirement) ? requirement : {})) {
      const scopes = listAt(requirement, name).map(String);
      security = { ...security, ...meaningOf(name, schemes, scopes, authorizers, warn) };
    }
  }
  const auth = textAt(objectAt(operation, 'x-amazon-apigateway-auth'), 'type')?.toUpperCase();
  if (auth === 'AWS_IAM' || auth === 'NONE') security = { ...security, authorizationType: auth };
  return security;
}

function meaningOf(
  name: string,
  schemes: Json,
  scopes: readonly string[],
  authorizers: ReadonlyMap<string, AuthorizerRow>,
  warn: (text: string) => void,
): Security {
  const scheme = memberAt(schemes, name);
  const authorizer = authorizers.get(name);
  if (authorizer !== undefined) {
    return {
      authorizationType: authorizer.type === 'COGNITO_USER_POOLS' ? 'COGNITO_USER_POOLS' : 'CUSTOM',
      authorizerId: authorizer.id,
      ...(scopes.length === 0 ? {} : { authorizationScopes: scopes }),
    };
  }
  if (textAt(scheme, 'x-amazon-apigateway-authtype')?.toLowerCase() === 'awssigv4')
    return { authorizationType: 'AWS_IAM' };
  if (textAt(scheme, 'type') === 'apiKey' && textAt(scheme, 'name')?.toLowerCase() === 'x-api-key')
    return { apiKeyRequired: true };
  warn(
    scheme === undefined
      ? `Security scheme ${name} is not defined and was ignored`
      : `Security scheme ${name} is of a kind API Gateway does not enforce and was ignored`,
  );
  return {};
}
