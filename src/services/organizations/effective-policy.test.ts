import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { effectivePolicy } from './effective-policy.ts';

const tag = (value: object, more: object = {}) => ({
  tags: { CostCenter: { tag_key: { '@@assign': 'CostCenter', ...more }, tag_value: value } },
});

test('values are assigned, added and taken away on the way down', () => {
  const levels = [
    [tag({ '@@assign': ['100', '200'] })],
    [tag({ '@@append': ['300'] }), { tags: { Project: { tag_key: { '@@assign': 'Project' } } } }],
    [{ tags: { costcenter: { tag_value: { '@@remove': ['100'] } } } }],
  ];
  assert.deepEqual(effectivePolicy(levels), {
    tags: {
      CostCenter: { tag_key: 'CostCenter', tag_value: ['200', '300'] },
      Project: { tag_key: 'Project' },
    },
  });
  assert.deepEqual(effectivePolicy([[]]), {});
});

test('a policy above says what those below may do', () => {
  const none = { '@@operators_allowed_for_child_policies': ['@@none'] };
  const append = { '@@operators_allowed_for_child_policies': ['@@append'] };
  const levels = [
    [tag({ '@@assign': ['100'], ...append }, none)],
    [
      tag({ '@@assign': ['900'] }),
      tag({ '@@append': ['200'] }),
      tag({ '@@operators_allowed_for_child_policies': ['@@all'] }),
    ],
    [{ tags: { CostCenter: { tag_key: { '@@assign': 'costcentre' }, tag_value: { '@@remove': ['100'] } } } }],
  ];
  assert.deepEqual(effectivePolicy(levels), {
    tags: { CostCenter: { tag_key: 'CostCenter', tag_value: ['100', '200'] } },
  });
  // In one level all are equals.
  assert.deepEqual(effectivePolicy([[{ a: { '@@assign': 1, ...none } }, { a: { '@@assign': 2 } }]]), {
    a: 2,
  });
});
