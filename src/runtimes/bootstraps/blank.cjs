// What node.cjs loads while it stands by.
'use strict';
