// bcoin keeps its chain in memory here; its native database is not built, and only its name has to be there.
const Module = require('module');
const load = Module._load;
Module._load = function (request, ...rest) {
  return request === 'leveldown' ? class {} : load.call(this, request, ...rest);
};
