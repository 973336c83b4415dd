import { mount } from 'svelte';
import { Diary, openDiary } from '../diary.ts';
import WeightDiary from './WeightDiary.svelte';

const store = await openDiary();
const target = document.querySelector('#app') ?? document.body;
const diary = { ...store.aggregate(Diary, 'weights'), rebuild$: store.rebuild$ };
mount(WeightDiary, { target, context: new Map([['diary', diary]]) });
