const { createServer } = require('node:http');
const { join } = require('node:path');
const { start } = require('egg');
const { serve } = require('../serve.cjs');

const baseDir = join(__dirname, '../egg');
void start({ baseDir, mode: 'single' }).then((app) => serve(createServer(app.callback())));
