import { type PolicyDocument, parseDocument } from './document.ts';
import { Glob, wildcards } from './match.ts';

/** Which services (`dynamodb`) the Allow statements of a policy let somebody use, of those given. */
export function servicesAllowed(
  document: string | PolicyDocument,
  services: readonly string[],
): readonly string[] {
  const { statements } = typeof document === 'string' ? parseDocument(document) : document;
  const found = new Set<string>();
  for (const { effect, actions, notActions } of statements) {
    if (effect !== 'Allow') continue;
    for (const service of services) {
      const named = actions.some((action) => (notActions ? isWhole(action, service) : isOf(action, service)));
      if (named !== notActions) found.add(service);
    }
  }
  return [...found];
}

/** Which of the services a policy denies whole: every action, on everything, always. */
export function servicesDenied(
  { statements }: PolicyDocument,
  services: readonly string[],
): readonly string[] {
  const whole = statements.filter(
    ({ effect, conditions, resources = ['*'], notResources }) =>
      effect === 'Deny' && conditions.length === 0 && !notResources && resources.includes('*'),
  );
  return services.filter((service) =>
    whole.some(({ actions, notActions }) =>
      notActions
        ? !actions.some((action) => isOf(action, service))
        : actions.some((action) => isWhole(action, service)),
    ),
  );
}

/** Whether an action pattern can be one of the service's. */
function isOf(action: string, service: string): boolean {
  const colon = action.indexOf(':');
  const prefix = colon < 0 ? action : action.slice(0, colon);
  return new Glob(wildcards(prefix.toLowerCase())).matches(service);
}

/** Whether an action pattern is all of the service's. */
function isWhole(action: string, service: string): boolean {
  return action === '*' || action.toLowerCase() === `${service}:*`;
}
