import { createApp } from 'vue';
import { Diary, openDiary } from '../diary.ts';
import WeightDiary from './WeightDiary.vue';

const store = await openDiary();
createApp(WeightDiary, { diary: store.aggregate(Diary, 'weights'), rebuild$: store.rebuild$ }).mount('#app');
