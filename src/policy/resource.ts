import { ArnPattern } from './match.ts';
import type { ContextLookup } from './request.ts';
import { constantOf, parseTemplate, render, splitTemplate, type Template } from './variable.ts';

/** An ARN with wildcards and variables. */
export interface ArnMatcher {
  /** No ARN is excluded, whatever the context. */
  readonly matchesAll: boolean;
  /** `undefined`: a variable has no value. */
  matches(arn: string, context: ContextLookup): boolean | undefined;
}

export function compileArn(text: string, variables: boolean): ArnMatcher {
  const template = parseTemplate(text, variables, true);
  const constant = constantOf(template);
  return constant === undefined ? new VariableArn(template) : new ArnPattern(constant);
}

/** The pattern is made anew when the variables' values change; values stay inside their part of the ARN. */
class VariableArn implements ArnMatcher {
  readonly matchesAll = false;
  private readonly parts: readonly Template[];
  private last: string | undefined;
  private pattern: ArnPattern | undefined;

  constructor(template: Template) {
    this.parts = splitTemplate(template);
  }

  matches(arn: string, context: ContextLookup): boolean | undefined {
    const segments: string[] = [];
    for (const part of this.parts) {
      const text = render(part, context);
      if (text === undefined) return undefined;
      segments.push(text);
    }
    const key = segments.join('\u0000');
    if (this.pattern === undefined || key !== this.last) {
      this.pattern = new ArnPattern(segments.join(':'), segments);
      this.last = key;
    }
    return this.pattern.matches(arn);
  }
}
