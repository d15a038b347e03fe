import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { parseTemplate } from './parse.ts';
import { render } from './render.ts';
import { toValue, type Value } from './value.ts';

const run = (template: string, variables: Record<string, unknown> = {}) =>
  render(
    parseTemplate(template),
    new Map(Object.entries(variables).map(([name, value]): [string, Value] => [name, toValue(value)])),
  );

const cases: readonly (readonly [string, string, string, Record<string, unknown>?])[] = [
  ['text stands as it is', '{"a": "#1 $ 5"}', '{"a": "#1 $ 5"}'],
  ['references, quiet and not', '$a $!b $b ${a}x', '1  $b 1x', { a: 1 }],
  ['members, indices, methods', '$o.x.y[1] $o.get("x").size()', 'b 1', { o: { x: { y: ['a', 'b'] } } }],
  ['directives leave no line', '#set($x = 1)\n  #set($y = 2)\n$x$y', '12'],
  ['else branches', '#if($n > 2)big#elseif($n == 2)two#{else}small#end!', 'two!', { n: 2 }],
  ['loops', '#foreach($i in $l)$i#if($foreach.hasNext), #end#end', 'a, b, c', { l: ['a', 'b', 'c'] }],
  ['maps in order', '#foreach($k in $m.keySet())$k=$m.get($k);#end', 'b=1;a=2;', { m: { b: 1, a: 2 } }],
  ['break', '#foreach($i in [1..9])#if($i == 4)#break#end$i#end', '123'],
  ['whole numbers divide whole', '#set($x = 7 / 2)$x #set($y = 7 % 4)$y #set($z = -3 + 1)$z', '3 3 -2'],
  ['strings', '#set($s = "Hello")$s.length() $s.contains("ell") $s.substring(1,3)', '5 true el'],
  ['patterns', '$s.matches("a+b") $s.replaceAll("a", "x") $s.split("b").size()', 'true xxb 1', { s: 'aab' }],
  ['interpolation, and none', `#set($a = "x")#set($b = "<$a>")#set($c = '<$a>')$b$c`, '<x><$a>'],
  ['integers from text', '#set($I = 0)#set($n = $I.parseInt("41") + 1)$n', '42'],
  ['lists of JSON print as such', '$l $m', '[1,"b"] {a=1, b=[2]}', { l: [1, 'b'], m: { a: 1, b: [2] } }],
  ['lists of templates print as in Java', '#set($l = [1, "b"])$l', '[1, b]'],
  ['changes', '#set($m = {"a": 1})#set($m.b = 2)$!m.put("c", 3)$m', '{a=1, b=2, c=3}'],
  ['comments', 'a## no\nb#* no *#c#[[$raw]]#', 'abc$raw'],
  ['words as operators', '#if($a eq 1 and not $b)yes#end', 'yes', { a: 1 }],
  ['escapes', '\\$a \\$b', '$a \\$b', { a: 1 }],
  ['braces that hold no reference', '${AWS::Region} ${a', '${AWS::Region} ${a', { a: 1 }],
  ['stop', 'a#stop b', 'a'],
  ['sets', '#foreach($e in $m.entrySet())$e.key:$e.getValue() #end', 'a:1 ', { m: { a: 1 } }],
];
for (const [name, template, expected, variables] of cases) {
  test(`VTL: ${name}`, () => assert.equal(run(template, variables), expected));
}

test('VTL: what never ends is ended', () => {
  assert.throws(() => run('#foreach($i in [1..1001])$i#end'), /more than 1000 times/);
  assert.throws(() => run('#foreach($a in [1..999])#foreach($b in [1..999])x#end#end'), /does too much/);
  const doubling = `#set($s = "${'x'.repeat(1000)}")#foreach($i in [1..99])#set($s = "$s$s")#end`;
  assert.throws(() => run(doubling), /too long|too much/);
  assert.throws(() => parseTemplate(`#set($x = ${'('.repeat(1000)}`), /nested too deeply/);
  assert.throws(() => parseTemplate('#if(true)'), /without #end/);
  assert.throws(() => parseTemplate('#macro(a)#end'), /not supported/);
});
