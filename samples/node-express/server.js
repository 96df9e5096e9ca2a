'use strict';

const compression = require('compression');
const express = require('express');
const helmet = require('helmet');
const { nanoid } = require('nanoid');
const pino = require('pino');
const pinoHttp = require('pino-http');
const { z } = require('zod');

const products = [
  { name: 'Teapot', price: 24 },
  { name: 'Cup', price: 7 },
  { name: 'Tray', price: 15 },
];
const Search = z.object({ upto: z.coerce.number().positive().default(1000) });

const log = pino();
const app = express();
app.set('view engine', 'ejs');
app.set('views', `${__dirname}/views`);
app.use(pinoHttp({ logger: log, genReqId: () => nanoid(8) }));
app.use(helmet());
app.use(compression());

app.get('/', (request, response) => {
  response.render('index', { products, node: process.version });
});

app.get('/products', (request, response) => {
  const search = Search.safeParse(request.query);
  if (!search.success) {
    response.status(400).json({ error: z.prettifyError(search.error) });
    return;
  }
  response.json(products.filter((product) => product.price <= search.data.upto));
});

app.get('/health', (request, response) => {
  response.json({ status: 'ok', request: request.id, node: process.version, arch: process.arch });
});

const server = app.listen(process.env.PORT || 8080, (error) => {
  if (error) {
    throw error;
  }
  log.info({ port: server.address().port }, 'open');
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => server.close(() => process.exit(0)));
}
