// The same as starts.cjs, as an ES module. Other modules import http first.
import * as http from 'node:http';
import express from 'express';
import fastify from 'fastify';
import { start } from 'opentelemetry-matomo';
import startFramework from './starts-framework.cjs';

startFramework(start, (name) => ({ http, express, fastify })[name]);
