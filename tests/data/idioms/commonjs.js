var http = require('k6/http'); var k6 = require('k6'); var metrics = require('k6/metrics');
var t = new metrics.Trend('own'); 
module.exports.options = { vus: 1, iterations: 2 };
module.exports.default = function () { var r = http.get('http://a.local/old'); k6.check(r, { 'ok': function (r) { return r.status === 200; } }); t.add(r.timings.duration); k6.sleep(1); };
module.exports.setup = function () { return { v: 1 }; };
