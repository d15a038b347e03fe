import type { Integration, IntegrationResponse } from '../../../model/gen/apigateway.ts';
import type { ResourceRow } from '../definition.ts';
import { badRequest } from '../fault.ts';
import { completeIntegration } from '../method.ts';
import { isObject, listAt, memberAt, objectAt, textAt, textsAt } from './document.ts';

const TYPES: ReadonlyMap<string, NonNullable<Integration['type']>> = new Map([
  ['AWS', 'AWS'],
  ['AWS_PROXY', 'AWS_PROXY'],
  ['HTTP', 'HTTP'],
  ['HTTP_PROXY', 'HTTP_PROXY'],
  ['MOCK', 'MOCK'],
]);

const STATUS = /^[1-5]\d\d$/;
const CALLER = 'arn:aws:iam::*:user/*';

/** What `x-amazon-apigateway-integration` says. Throws BadRequestException. */
export function integrationFrom(extension: unknown, resource: ResourceRow): Integration {
  const type = TYPES.get((textAt(extension, 'type') ?? '').toUpperCase());
  if (!isObject(extension) || type === undefined)
    throw badRequest(
      `Unable to parse API definition because of a malformed integration at path ${resource.path}.`,
    );
  const credentials = textAt(extension, 'credentials');
  const timeout = memberAt(extension, 'timeoutInMillis');
  const handling = textAt(extension, 'contentHandling')?.toUpperCase();
  const tls = memberAt(objectAt(extension, 'tlsConfig'), 'insecureSkipVerification');
  return completeIntegration(
    {
      type,
      uri: textAt(extension, 'uri'),
      httpMethod: textAt(extension, 'httpMethod')?.toUpperCase(),
      credentials: credentials === 'caller' ? CALLER : credentials,
      connectionType: textAt(extension, 'connectionType') === 'VPC_LINK' ? 'VPC_LINK' : undefined,
      connectionId: textAt(extension, 'connectionId'),
      passthroughBehavior: textAt(extension, 'passthroughBehavior'),
      contentHandling: contentHandlingOf(handling),
      timeoutInMillis: timeout === undefined ? undefined : Number(timeout),
      cacheNamespace: textAt(extension, 'cacheNamespace'),
      cacheKeyParameters: listAt(extension, 'cacheKeyParameters').map(String),
      requestParameters: textsAt(extension, 'requestParameters'),
      requestTemplates: textsAt(extension, 'requestTemplates'),
      ...(tls === true ? { tlsConfig: { insecureSkipVerification: true } } : {}),
      ...responsesOf(objectAt(extension, 'responses')),
    },
    resource.id,
  );
}

function contentHandlingOf(text: string | undefined): Integration['contentHandling'] {
  return text === 'CONVERT_TO_TEXT' || text === 'CONVERT_TO_BINARY' ? text : undefined;
}

/** Responses are listed by selection pattern; `default` has none. */
function responsesOf(given: Readonly<Record<string, unknown>>): Pick<Integration, 'integrationResponses'> {
  const responses: Record<string, IntegrationResponse> = {};
  for (const [pattern, response] of Object.entries(given)) {
    const statusCode = textAt(response, 'statusCode') ?? '200';
    if (!STATUS.test(statusCode)) throw badRequest(`Invalid status code specified: ${statusCode}`);
    responses[statusCode] = {
      statusCode,
      ...(pattern === 'default' ? {} : { selectionPattern: pattern }),
      responseParameters: textsAt(response, 'responseParameters'),
      responseTemplates: textsAt(response, 'responseTemplates'),
      contentHandling: contentHandlingOf(textAt(response, 'contentHandling')?.toUpperCase()),
    };
  }
  return Object.keys(responses).length === 0 ? {} : { integrationResponses: responses };
}
