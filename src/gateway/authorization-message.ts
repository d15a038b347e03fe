import { deflateRawSync } from 'node:zlib';
import { parseArn } from '../base/arn.ts';
import type { Explanation } from '../policy/explain.ts';
import type { ContextValue, ContextValues } from '../policy/request.ts';
import { type ActionDecision, AUTHORIZATION_MESSAGE, AUTHORIZATION_MESSAGE_MS } from '../service/audit.ts';
import type { IdentityPort } from '../service/ports.ts';
import type { Principal } from '../service/principal.ts';
import type { ActionRequest } from '../service/service.ts';
import type { World } from '../world/world.ts';
import { principalName } from './principal-name.ts';

/** More than this does not go into an answer's header. */
const MOST_CHARACTERS = 4096;

interface Denied {
  readonly principal: Principal;
  readonly host: { readonly world: World; readonly ports: { readonly identity: IdentityPort } };
}

/**
 * A denial as `sts:DecodeAuthorizationMessage` opens it: sealed, so that only who may decode learns of the policies.
 * Undefined when it is too long to send.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
 */
export function authorizationMessage(call: Denied, denied: ActionDecision): string | undefined {
  const { principal, host } = call;
  const message = {
    account: principal.account,
    expiresAtMs: host.world.clock.now() + AUTHORIZATION_MESSAGE_MS,
    decoded: decodedMessage(principal, denied),
  };
  const sealed = host.ports.identity.sealSecret(
    deflateRawSync(JSON.stringify(message)),
    AUTHORIZATION_MESSAGE,
  );
  const text = sealed.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  return text.length > MOST_CHARACTERS ? undefined : text;
}

function decodedMessage(principal: Principal, { request, decision, explanation }: ActionDecision): unknown {
  const statement = explanation?.statement;
  return {
    allowed: false,
    explicitDeny: decision.outcome === 'explicit-deny',
    matchedStatements: {
      items:
        statement === undefined
          ? []
          : [
              {
                statementId: statement.sid ?? '',
                effect: 'DENY',
                principals: { items: [{ value: identifierOf(principal) }] },
                principalGroups: { items: [] },
                actions: items(statement.text['Action'] ?? statement.text['NotAction']),
                resources: items(statement.text['Resource'] ?? statement.text['NotResource']),
                conditions: { items: conditionItems(statement.text['Condition']) },
                policy: { kind: statement.kind, id: statement.id, statement: statement.index },
              },
            ],
    },
    failures: { items: [] },
    context: {
      principal: {
        id: identifierOf(principal),
        ...(principal.kind === 'user' ? { name: principal.userName } : {}),
        arn: principalName(principal),
      },
      action: request.action,
      resource: request.resource,
      conditions: {
        items: Object.entries(contextOf(request, explanation)).map(([key, value]) => ({
          key,
          values: { items: textsOf(value).map((text) => ({ value: text })) },
        })),
      },
    },
  };
}

/**
 * What AWS tells of a request: the parts of its ARN, the service's own keys, and here also the keys that the statements
 * asked for which decided or came close.
 */
function contextOf(request: ActionRequest, explanation: Explanation | undefined): ContextValues {
  const arn = parseArn(request.resource);
  const [, type, id] = /^([^/:]+)[/:](.*)$/s.exec(arn?.resource ?? '') ?? [];
  const { context = {} } = request;
  const near = (explanation?.nearMisses ?? []).flatMap(({ unmet }) =>
    unmet.flatMap(({ key, found }) => (found === undefined ? [] : [[key, found] as const])),
  );
  return {
    ...(arn === undefined
      ? {}
      : {
          'aws:Service': arn.service,
          'aws:Region': arn.region,
          'aws:Account': arn.account,
          'aws:Resource': arn.resource,
          'aws:Type': type ?? '',
          'aws:ID': id ?? arn.resource,
          'aws:ARN': request.resource,
        }),
    // A lookup is asked key by key and cannot be listed.
    ...(typeof context['get'] === 'function' ? {} : (context as ContextValues)),
    ...Object.fromEntries(near),
    ...explanation?.asked,
  };
}

function identifierOf(principal: Principal): string {
  return 'userId' in principal ? principal.userId : principalName(principal);
}

function textsOf(value: ContextValue): readonly string[] {
  return typeof value === 'object' ? value : [String(value)];
}

function items(value: unknown): { readonly items: readonly { readonly value: unknown }[] } {
  const list: readonly unknown[] = value === undefined ? [] : Array.isArray(value) ? value : [value];
  return { items: list.map((entry) => ({ value: entry })) };
}

function conditionItems(condition: unknown): readonly unknown[] {
  const operators = Object.values((condition ?? {}) as Record<string, Record<string, unknown>>);
  return operators.flatMap((keys) =>
    Object.entries(keys).map(([key, values]) => ({ key, values: items(values) })),
  );
}
