"use strict";
var http = require("k6/http");
var k6 = require("k6");
Object.defineProperty(exports, "__esModule", { value: true });
exports.options = { iterations: 1 };
exports.setup = function () { return { token: "t" }; };
exports.default = function (data) { var r = http.get("http://127.0.0.1:8080/status/201"); k6.sleep(1); console.log(r.status, data.token); };
