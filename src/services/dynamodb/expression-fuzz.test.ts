import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { scaled } from '../../../test/support/tier.ts';
import { Fault } from '../../service/faults.ts';
import { meets } from './condition.ts';
import { parseCondition } from './condition-parser.ts';
import { ExpressionAttributes } from './expression-attributes.ts';
import { constraintsOf } from './key-condition.ts';
import { parsePartiql } from './partiql-parser.ts';
import { parseProjection, project } from './projection.ts';
import { applyUpdate } from './update.ts';
import { parseUpdate } from './update-parser.ts';

const words = fc.constantFrom(
  ...'a b lst mp #n #x :v :s :l :x ( ) [ ] 0 7 , . = <> < <= + - AND OR NOT BETWEEN IN SET REMOVE ADD DELETE size'.split(
    ' ',
  ),
  ...'attribute_exists begins_with contains attribute_type if_not_exists list_append ! "'.split(' '),
);
const expressions = fc.array(words, { maxLength: 14 }).map((tokens) => tokens.join(' '));
const item = {
  a: { S: 'x' },
  b: { N: '1' },
  lst: { L: [{ N: '1' }, { M: { a: { S: 'y' } } }] },
  mp: { M: { b: { SS: ['x'] } } },
};

function attributes() {
  return new ExpressionAttributes(
    { '#n': 'name', '#x': 'a' },
    { ':v': { N: '2' }, ':s': { SS: ['x', 'z'] }, ':l': { L: [{ S: 'z' }] } },
  );
}

/** Whatever is asked, the answer is a result or a fault. */
function answers(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    assert.ok(Fault.is(error), String(error));
  }
}

test('no expression breaks a parser or what runs it', () => {
  fc.assert(
    fc.property(expressions, (expression) => {
      const before = JSON.stringify(item);
      answers(() => meets(item, parseCondition(expression, 'FilterExpression', attributes()).condition));
      answers(() =>
        constraintsOf(parseCondition(expression, 'KeyConditionExpression', attributes()).condition),
      );
      answers(() => project(item, parseProjection(expression, attributes())));
      for (const section of ['SET', 'REMOVE', 'ADD', 'DELETE']) {
        answers(() => applyUpdate(item, parseUpdate(`${section} ${expression}`, attributes()).actions));
      }
      assert.equal(JSON.stringify(item), before);
    }),
    { numRuns: scaled(200_000, 3000) },
  );
});

const pieces = fc.constantFrom(
  ...`SELECT INSERT UPDATE DELETE FROM INTO VALUE WHERE SET REMOVE AND OR NOT IN IS MISSING NULL RETURNING ALL OLD * ? ( ) [ ] { } << >> , . : = < 1 - 'x' "T" pk size begins_with list_append set_add EXISTS ORDER BY`.split(
    ' ',
  ),
);

test('no statement breaks the PartiQL parser', () => {
  const statements = fc
    .tuple(
      fc.constantFrom(
        'SELECT * FROM T WHERE',
        'UPDATE T SET a =',
        'DELETE FROM T WHERE',
        'INSERT INTO T VALUE',
        '',
      ),
      fc.array(pieces, { maxLength: 12 }),
    )
    .map(([start, rest]) => [start, ...rest].join(' '));
  fc.assert(
    fc.property(statements, (statement) => answers(() => parsePartiql(statement, [{ S: 'x' }]))),
    { numRuns: scaled(200_000, 3000) },
  );
});
