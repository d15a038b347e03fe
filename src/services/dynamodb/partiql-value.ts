import { type AttributeValue, checkAttributeValue, emptyItem, typeOf } from './attribute-value.ts';
import { invalid } from './fault.ts';
import { PartiqlCursor } from './partiql-lexer.ts';

/** Reads values: literals, and the request's parameters in the order of their question marks. */
export class PartiqlValues extends PartiqlCursor {
  readonly #parameters: readonly AttributeValue[];
  #parameter = 0;

  constructor(statement: string, parameters: readonly AttributeValue[]) {
    super(statement);
    this.#parameters = parameters;
  }

  /** Throws unless every parameter found its question mark. */
  checkParameters(): void {
    if (this.#parameter !== this.#parameters.length) throw this.#wrongParameters();
  }

  #wrongParameters() {
    return invalid("Number of parameters in request and statement don't match.");
  }

  value(): AttributeValue {
    const value = this.nested(() => this.#literal());
    checkAttributeValue(value);
    return value;
  }

  #literal(): AttributeValue {
    const { token } = this;
    switch (token.kind) {
      case 'string':
        this.advance();
        return { S: token.text };
      case 'number':
        this.advance();
        return { N: token.text };
      case 'word':
        return this.#word(token.text);
      case 'symbol':
        return this.#compound(token.text);
      default:
        throw this.unexpected();
    }
  }

  #word(text: string): AttributeValue {
    switch (text.toUpperCase()) {
      case 'TRUE':
        this.advance();
        return { BOOL: true };
      case 'FALSE':
        this.advance();
        return { BOOL: false };
      case 'NULL':
        this.advance();
        return { NULL: true };
      default:
        throw this.unexpected();
    }
  }

  #compound(symbol: string): AttributeValue {
    switch (symbol) {
      case '?': {
        this.advance();
        const value = this.#parameters[this.#parameter++];
        if (value === undefined) throw this.#wrongParameters();
        return value;
      }
      case '-':
        this.advance();
        return { N: `-${this.expect('number')}` };
      case '[': {
        this.advance();
        if (this.skipSymbol(']')) return { L: [] };
        const L = this.list(() => this.value());
        this.expectSymbol(']');
        return { L };
      }
      case '{':
        this.advance();
        return this.#tuple();
      case '<<': {
        this.advance();
        const members = this.list(() => this.value());
        this.expectSymbol('>>');
        return setOf(members);
      }
      default:
        throw this.unexpected();
    }
  }

  #tuple(): AttributeValue {
    const M = emptyItem();
    if (this.skipSymbol('}')) return { M };
    this.list(() => {
      const name = this.expect('string', 'quoted', 'word');
      this.expectSymbol(':');
      M[name] = this.value();
    });
    this.expectSymbol('}');
    return { M };
  }
}

/** A set of scalars of one type. */
function setOf(members: readonly AttributeValue[]): AttributeValue {
  const [first] = members;
  const type = first === undefined ? undefined : typeOf(first);
  if (members.some((member) => typeOf(member) !== type)) {
    throw invalid('Members of a set must be of the same type');
  }
  switch (type) {
    case 'S':
      return { SS: members.map(({ S = '' }) => S) };
    case 'N':
      return { NS: members.map(({ N = '0' }) => N) };
    case 'B':
      return { BS: members.map(({ B = new Uint8Array() }) => B) };
    default:
      throw invalid(`A set cannot have members of type ${type}`);
  }
}
