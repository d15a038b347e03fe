import { validationError } from '../fault.ts';
import { evaluate, type Scope } from './intrinsic.ts';
import { formatError, templateError } from './template.ts';
import { canonicalJson, isList, isMap, onlyKey, type Value, type ValueMap } from './value.ts';

/**
 * Throws for the first assertion about parameters that does not hold.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
 * @param scope knows parameters and pseudo parameters; rules may use nothing else
 */
export function checkRules(rules: ValueMap, scope: Scope): void {
  for (const [name, rule] of Object.entries(rules)) {
    if (!isMap(rule)) throw formatError(`[/Rules/${name}] Every Rules member must be an object.`);
    const { RuleCondition: condition, Assertions: assertions } = rule;
    if (!isList(assertions))
      throw formatError(`[/Rules/${name}] Every Rules member must contain an Assertions list.`);
    if (condition !== undefined && !holds(condition, scope)) continue;
    for (const assertion of assertions) {
      if (!isMap(assertion) || assertion['Assert'] === undefined)
        throw formatError(`[/Rules/${name}/Assertions] Every Assertions member must contain an Assert.`);
      if (holds(assertion['Assert'], scope)) continue;
      const description = assertion['AssertDescription'];
      throw validationError(
        `Rule ${name} failed: ${typeof description === 'string' ? description : canonicalJson(assertion['Assert'])}`,
      );
    }
  }
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-rules.html */
function holds(expression: Value, scope: Scope): boolean {
  const name = isMap(expression) ? onlyKey(expression) : undefined;
  const argument = name === undefined || !isMap(expression) ? undefined : expression[name];
  if (name === undefined || !isList(argument))
    throw formatError('Rules can only be boolean operations on parameters');
  const [first = null, second = null] = argument;
  switch (name) {
    case 'Fn::And':
      return argument.every((one) => holds(one, scope));
    case 'Fn::Or':
      return argument.some((one) => holds(one, scope));
    case 'Fn::Not':
      return !holds(first, scope);
    case 'Fn::Equals':
      return text(first, scope) === text(second, scope);
    case 'Fn::Contains':
      return texts(first, scope).includes(text(second, scope));
    case 'Fn::EachMemberEquals': {
      const wanted = text(second, scope);
      return texts(first, scope).every((one) => one === wanted);
    }
    case 'Fn::EachMemberIn': {
      const allowed = new Set(texts(second, scope));
      return texts(first, scope).every((one) => allowed.has(one));
    }
    default:
      throw templateError(`Unrecognized function ${name} in the Rules block of the template`);
  }
}

function value(expression: Value, scope: Scope): Value {
  const call = isMap(expression) ? onlyKey(expression) : undefined;
  if (call === 'Fn::RefAll' || call === 'Fn::ValueOf' || call === 'Fn::ValueOfAll')
    throw templateError(`Lambent does not look up what ${call} asks for yet`);
  return evaluate(expression, scope) ?? '';
}

function text(expression: Value, scope: Scope): string {
  const found = value(expression, scope);
  return typeof found === 'object' ? canonicalJson(found) : String(found);
}

function texts(expression: Value, scope: Scope): readonly string[] {
  const found = value(expression, scope);
  return (isList(found) ? found : [found]).map((one) => text(one, scope));
}
