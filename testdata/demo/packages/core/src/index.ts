export * from './service.js';
export * from './scope.js';
export * from './log.js';
export * from './decorators.js';
