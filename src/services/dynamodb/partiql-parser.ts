import type { AttributeValue } from './attribute-value.ts';
import type { DocumentPath } from './document-path.ts';
import type { Comparator, Condition, Operand, UpdateAction, UpdateValue } from './expression.ts';
import { invalid } from './fault.ts';
import { malformed } from './partiql-lexer.ts';
import type { Returning, Statement } from './partiql-statement.ts';
import { PartiqlValues } from './partiql-value.ts';

const COMPARATORS: ReadonlyMap<string, Comparator> = new Map([
  ['=', '='],
  ['<>', '<>'],
  ['!=', '<>'],
  ['<', '<'],
  ['<=', '<='],
  ['>', '>'],
  ['>=', '>='],
]);
const CONDITIONS: ReadonlySet<string> = new Set(['begins_with', 'contains', 'attribute_type']);

/** Parses one statement; `parameters` take the places of its question marks. */
export function parsePartiql(
  statement: string,
  parameters: readonly AttributeValue[] | undefined,
): Statement {
  return new PartiqlParser(statement, parameters ?? []).parse();
}

class PartiqlParser extends PartiqlValues {
  parse(): Statement {
    const statement = this.#statement();
    if (this.token.kind !== 'end') throw this.unexpected();
    this.checkParameters();
    return statement;
  }

  #statement(): Statement {
    if (this.skipWord('SELECT')) return this.#select();
    if (this.skipWord('INSERT')) return this.#insert();
    if (this.skipWord('UPDATE')) return this.#update();
    if (this.skipWord('DELETE')) return this.#delete();
    if (this.skipWord('EXISTS')) return this.#exists();
    throw malformed('Expected data manipulation');
  }

  #select(): Extract<Statement, { kind: 'select' }> {
    const paths = this.skipSymbol('*') ? undefined : this.list(() => this.#path());
    this.expectWord('FROM');
    const table = this.expect('word', 'quoted');
    const index = this.skipSymbol('.') ? this.expect('word', 'quoted') : undefined;
    const where = this.skipWord('WHERE') ? this.#or() : undefined;
    const orderBy = this.skipWord('ORDER') ? this.#orderBy() : [];
    return { kind: 'select', table, index, paths, where, orderBy };
  }

  #orderBy() {
    this.expectWord('BY');
    return this.list(() => {
      const name = this.expect('word', 'quoted');
      const descending = this.skipWord('DESC');
      if (!descending) this.skipWord('ASC');
      return { name, descending };
    });
  }

  #insert(): Statement {
    this.expectWord('INTO');
    const table = this.expect('word', 'quoted');
    this.expectWord('VALUE');
    const value = this.value();
    if (value.M === undefined) throw malformed('Expected a tuple after VALUE');
    return { kind: 'insert', table, item: value.M };
  }

  #update(): Statement {
    const table = this.expect('word', 'quoted');
    const actions: UpdateAction[] = [];
    for (;;) {
      if (this.skipWord('SET')) actions.push(...this.list(() => this.#assignment()));
      else if (this.skipWord('REMOVE')) {
        actions.push(...this.list(() => ({ kind: 'remove' as const, path: this.#path() })));
      } else break;
    }
    if (actions.length === 0) throw this.unexpected();
    const where = this.#where();
    return { kind: 'update', table, actions, where, returning: this.#returning() };
  }

  #delete(): Statement {
    this.expectWord('FROM');
    const table = this.expect('word', 'quoted');
    const where = this.#where();
    return { kind: 'delete', table, where, returning: this.#returning() };
  }

  #exists(): Statement {
    this.expectSymbol('(');
    this.expectWord('SELECT');
    const { table, index, where } = this.#select();
    this.expectSymbol(')');
    if (index !== undefined) throw invalid('This operation is not supported on an index');
    if (where === undefined) throw this.#noKey();
    return { kind: 'exists', table, where };
  }

  #where(): Condition {
    if (!this.skipWord('WHERE')) throw this.#noKey();
    return this.#or();
  }

  #noKey() {
    return invalid('Where clause does not contain a mandatory equality on all key attributes');
  }

  #returning(): Returning | undefined {
    if (!this.skipWord('RETURNING')) return undefined;
    const all = this.skipWord('ALL');
    if (!all) this.expectWord('MODIFIED');
    const old = this.skipWord('OLD');
    if (!old) this.expectWord('NEW');
    this.expectSymbol('*');
    return `${all ? 'ALL' : 'UPDATED'}_${old ? 'OLD' : 'NEW'}`;
  }

  #assignment(): UpdateAction {
    const path = this.#path();
    this.expectSymbol('=');
    if (this.isWord('SET_ADD') || this.isWord('SET_DELETE')) {
      const kind = this.advance().text.toUpperCase() === 'SET_ADD' ? 'add' : 'delete';
      this.expectSymbol('(');
      this.#path();
      this.expectSymbol(',');
      const value = this.value();
      this.expectSymbol(')');
      return { kind, path, value };
    }
    return { kind: 'set', path, value: this.#updateValue() };
  }

  #updateValue(): UpdateValue {
    const left = this.#operand();
    const kind = this.skipSymbol('+') ? 'sum' : this.skipSymbol('-') ? 'difference' : undefined;
    return kind === undefined ? left : { kind, left, right: this.#operand() };
  }

  #path(): DocumentPath {
    const path: (string | number)[] = [this.expect('word', 'quoted')];
    for (;;) {
      if (this.skipSymbol('.')) path.push(this.expect('word', 'quoted'));
      else if (this.skipSymbol('[')) {
        const index = this.expect('number', 'string');
        path.push(/^\d+$/.test(index) ? Number(index) : index);
        this.expectSymbol(']');
      } else return path;
    }
  }

  #or(): Condition {
    let left = this.#and();
    while (this.skipWord('OR')) left = { kind: 'or', left, right: this.#and() };
    return left;
  }

  #and(): Condition {
    let left = this.#not();
    while (this.skipWord('AND')) left = { kind: 'and', left, right: this.#not() };
    return left;
  }

  #not(): Condition {
    if (!this.skipWord('NOT')) return this.#comparison();
    return { kind: 'not', condition: this.nested(() => this.#not()) };
  }

  #comparison(): Condition {
    if (this.isSymbol('(')) {
      this.advance();
      const condition = this.nested(() => this.#or());
      this.expectSymbol(')');
      return condition;
    }
    const operand = this.#operand();
    if (operand.kind === 'call' && CONDITIONS.has(operand.name)) return operand;
    if (this.skipWord('BETWEEN')) {
      const low = this.#operand();
      this.expectWord('AND');
      return { kind: 'between', operand, low, high: this.#operand() };
    }
    if (this.skipWord('IN')) return { kind: 'in', operand, list: this.#inList() };
    if (this.skipWord('IS')) return this.#is(operand);
    const comparator = this.token.kind === 'symbol' ? COMPARATORS.get(this.token.text) : undefined;
    if (comparator === undefined) throw this.unexpected();
    this.advance();
    return { kind: 'compare', comparator, left: operand, right: this.#operand() };
  }

  #inList(): readonly Operand[] {
    const close = this.skipSymbol('[') ? ']' : ')';
    if (close === ')') this.expectSymbol('(');
    const list = this.list(() => this.#operand());
    this.expectSymbol(close);
    return list;
  }

  #is(operand: Operand): Condition {
    const negated = this.skipWord('NOT');
    let condition: Condition;
    if (this.skipWord('MISSING')) {
      condition = { kind: 'call', name: 'attribute_not_exists', operands: [operand] };
    } else {
      this.expectWord('NULL');
      condition = {
        kind: 'call',
        name: 'attribute_type',
        operands: [operand, { kind: 'value', value: { S: 'NULL' } }],
      };
    }
    return negated ? { kind: 'not', condition } : condition;
  }

  #operand(): Operand {
    const { kind, text } = this.token;
    const next = this.nextToken;
    if (kind === 'word' && next?.kind === 'symbol' && next.text === '(') {
      this.advance();
      this.advance();
      const operands = this.nested(() => this.list(() => this.#operand()));
      this.expectSymbol(')');
      return { kind: 'call', name: this.#functionName(text, operands.length), operands };
    }
    const isLiteral = kind === 'word' && /^(?:TRUE|FALSE|NULL)$/i.test(text);
    if ((kind === 'word' && !isLiteral) || kind === 'quoted') return { kind: 'path', path: this.#path() };
    return { kind: 'value', value: this.value() };
  }

  #functionName(text: string, operands: number): string {
    const name = text.toLowerCase();
    const wanted = name === 'size' ? 1 : 2;
    const known = CONDITIONS.has(name) || ['size', 'list_append', 'if_not_exists'].includes(name);
    if (!known) throw invalid(`Invalid function name; function: ${text}`);
    if (operands !== wanted) {
      throw invalid(
        `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${operands}`,
      );
    }
    return name;
  }
}
