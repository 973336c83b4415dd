/** Components that are compiled by their framework's own compiler. */
declare module '*.vue' {
  import type { Component } from 'vue';

  const component: Component;
  export default component;
}
