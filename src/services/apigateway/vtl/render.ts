import { callMethod } from './method.ts';
import { type Expression, type Node, type Reference, type Step, TemplateError } from './node.ts';
import { Callable, Entry, isEqual, isTrue, toText, type Value, ValueMap } from './value.ts';

/** API Gateway's: a loop runs at most this often. */
const MOST_ROUNDS = 1000;
const MOST_STEPS = 500_000;
const MOST_OUTPUT = 10 * 1024 * 1024;

type Flow = 'on' | 'break' | 'stop';

/**
 * Runs a template over its variables and returns what it prints. `#set` changes `variables`. Throws
 * {@link TemplateError} past the limits of loops, work and output.
 */
export function render(template: readonly Node[], variables: Map<string, Value>): string {
  return new Rendering(variables).run(template);
}

class Rendering {
  readonly #variables: Map<string, Value>;
  #output: string[] = [];
  #length = 0;
  #steps = 0;

  constructor(variables: Map<string, Value>) {
    this.#variables = variables;
  }

  run(nodes: readonly Node[]): string {
    this.#block(nodes);
    return this.#output.join('');
  }

  #print(text: string): void {
    this.#length += text.length;
    if (this.#length > MOST_OUTPUT) throw new TemplateError('the template prints too much');
    this.#output.push(text);
  }

  #block(nodes: readonly Node[]): Flow {
    for (const node of nodes) {
      const flow = this.#node(node);
      if (flow !== 'on') return flow;
    }
    return 'on';
  }

  #node(node: Node): Flow {
    this.#steps += 1;
    if (this.#steps > MOST_STEPS) throw new TemplateError('the template does too much');
    switch (node.kind) {
      case 'text':
        this.#print(node.text);
        return 'on';
      case 'reference':
        this.#reference(node.reference, node.escaped);
        return 'on';
      case 'set':
        this.#assign(node.target, this.evaluate(node.value));
        return 'on';
      case 'if': {
        const taken = node.branches.find(({ test }) => isTrue(this.evaluate(test)));
        return this.#block(taken === undefined ? node.otherwise : taken.body);
      }
      case 'foreach':
        return this.#foreach(node.name, this.evaluate(node.list), node.body);
      case 'break':
        return 'break';
      case 'stop':
        return 'stop';
    }
  }

  #reference(reference: Reference, escaped: boolean): void {
    const value = this.#resolve(reference);
    const nothing = value === undefined || value === null;
    if (escaped) this.#print(nothing ? `\\${reference.source}` : reference.source);
    else if (!nothing) this.#print(toText(value));
    else if (!reference.quiet && !this.#isHosted(reference)) this.#print(reference.source);
  }

  /** What API Gateway's own variables do not hold prints as nothing; a name nobody set prints as it stands. */
  #isHosted({ name, steps }: Reference): boolean {
    return steps.length > 0 && this.#variables.has(name);
  }

  #foreach(name: string, list: Value, body: readonly Node[]): Flow {
    const items = Array.isArray(list) ? list : list instanceof ValueMap ? [...list.values()] : [];
    const outer = { item: this.#variables.get(name), loop: this.#variables.get('foreach') };
    const count = this.#variables.get('velocityCount');
    let flow: Flow = 'on';
    for (let index = 0; index < items.length && flow === 'on'; index += 1) {
      if (index >= MOST_ROUNDS) throw new TemplateError(`#foreach runs more than ${MOST_ROUNDS} times`);
      const hasNext = index + 1 < items.length;
      this.#variables.set(name, items[index]);
      this.#variables.set('velocityCount', index + 1);
      this.#variables.set('velocityHasNext', hasNext);
      this.#variables.set(
        'foreach',
        new ValueMap([
          ['index', index],
          ['count', index + 1],
          ['hasNext', hasNext],
          ['first', index === 0],
          ['last', !hasNext],
          ['parent', outer.loop],
        ]),
      );
      flow = this.#block(body);
    }
    this.#restore(name, outer.item);
    this.#restore('foreach', outer.loop);
    this.#restore('velocityCount', count);
    return flow === 'stop' ? 'stop' : 'on';
  }

  #restore(name: string, value: Value): void {
    if (value === undefined) this.#variables.delete(name);
    else this.#variables.set(name, value);
  }

  #assign({ name, steps }: Reference, value: Value): void {
    const last = steps.at(-1);
    if (last === undefined) {
      this.#variables.set(name, value);
      return;
    }
    const holder = this.#follow(this.#variables.get(name), steps.slice(0, -1));
    if (last.kind === 'member' && holder instanceof ValueMap) holder.set(last.name, value);
    else if (last.kind === 'index') {
      const at = this.evaluate(last.at);
      if (holder instanceof ValueMap) holder.set(toText(at), value);
      else if (Array.isArray(holder)) {
        const index = Number(at);
        if (!(Number.isInteger(index) && index >= 0 && index < holder.length))
          throw new TemplateError('index out of range');
        holder[index] = value;
      }
    }
  }

  #resolve({ name, steps }: Reference): Value {
    return this.#follow(this.#variables.get(name), steps);
  }

  #follow(start: Value, steps: readonly Step[]): Value {
    let value = start;
    for (const step of steps) {
      this.#steps += 1;
      if (this.#steps > MOST_STEPS) throw new TemplateError('the template does too much');
      if (value === null || value === undefined) return undefined;
      value = this.#step(value, step);
    }
    return value;
  }

  #step(value: Value, step: Step): Value {
    switch (step.kind) {
      case 'member':
        if (value instanceof ValueMap) return value.has(step.name) ? value.get(step.name) : undefined;
        if (value instanceof Entry)
          return step.name === 'key' ? value.key : step.name === 'value' ? value.value : undefined;
        return step.name === 'empty' ? callMethod(value, 'isEmpty', []) : undefined;
      case 'method': {
        const args = step.args.map((argument) => this.evaluate(argument));
        const own = value instanceof ValueMap ? value.get(step.name) : undefined;
        return own instanceof Callable ? own.call(...args) : callMethod(value, step.name, args);
      }
      case 'index': {
        const at = this.evaluate(step.at);
        if (value instanceof ValueMap) return value.get(toText(at));
        if (!Array.isArray(value)) return undefined;
        const index = Number(at);
        return value[index < 0 ? value.length + index : index];
      }
    }
  }

  evaluate(expression: Expression): Value {
    this.#steps += 1;
    if (this.#steps > MOST_STEPS) throw new TemplateError('the template does too much');
    switch (expression.kind) {
      case 'value':
        return expression.value;
      case 'interpolated':
        return this.#interpolate(expression.body);
      case 'reference':
        return this.#resolve(expression.reference);
      case 'list':
        return expression.items.map((item) => this.evaluate(item));
      case 'range':
        return range(Number(this.evaluate(expression.from)), Number(this.evaluate(expression.to)));
      case 'map':
        return new ValueMap(
          expression.entries.map(([key, item]) => [toText(this.evaluate(key)), this.evaluate(item)]),
        );
      case 'not':
        return !isTrue(this.evaluate(expression.operand));
      case 'negative': {
        const operand = this.evaluate(expression.operand);
        return typeof operand === 'number' ? -operand : undefined;
      }
      case 'binary':
        return this.#binary(expression);
    }
  }

  #interpolate(body: readonly Node[]): string {
    const output = this.#output;
    const length = this.#length;
    this.#output = [];
    this.#block(body);
    const text = this.#output.join('');
    this.#output = output;
    // What a string holds is not printed yet, but it is made: loops must not build ever longer ones for nothing.
    this.#length = length;
    if (text.length > MOST_OUTPUT) throw new TemplateError('a text grows too long');
    return text;
  }

  #binary({ operator, left, right }: Extract<Expression, { kind: 'binary' }>): Value {
    const first = this.evaluate(left);
    if (operator === '&&') return isTrue(first) && isTrue(this.evaluate(right));
    if (operator === '||') return isTrue(first) || isTrue(this.evaluate(right));
    const second = this.evaluate(right);
    if (operator === '==') return isEqual(first, second);
    if (operator === '!=') return !isEqual(first, second);
    if (operator === '+' && (typeof first === 'string' || typeof second === 'string')) {
      if (first === undefined || second === undefined) return undefined;
      const text = toText(first) + toText(second);
      if (text.length > MOST_OUTPUT) throw new TemplateError('a text grows too long');
      return text;
    }
    if (typeof first === 'string' && typeof second === 'string') return compare(operator, first, second);
    if (typeof first !== 'number' || typeof second !== 'number') return undefined;
    return arithmetic(operator, first, second) ?? compare(operator, first, second);
  }
}

function range(from: number, to: number): Value[] {
  if (!Number.isInteger(from) || !Number.isInteger(to)) return [];
  const length = Math.abs(to - from) + 1;
  if (length > 10 * MOST_ROUNDS) throw new TemplateError('the range is too long');
  const step = from <= to ? 1 : -1;
  return Array.from({ length }, (_, index) => from + index * step);
}

function arithmetic(operator: string, left: number, right: number): Value {
  const whole = Number.isInteger(left) && Number.isInteger(right);
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      // Java divides whole numbers to a whole number; by zero Velocity has no value.
      return right === 0 ? null : whole ? Math.trunc(left / right) : left / right;
    case '%':
      return right === 0 ? null : left % right;
    default:
      return undefined;
  }
}

function compare<T extends string | number>(operator: string, left: T, right: T): Value {
  switch (operator) {
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    default:
      return undefined;
  }
}
