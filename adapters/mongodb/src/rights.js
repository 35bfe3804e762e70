db.createRole({
  role: "mainspring",
  privileges: [
    { resource: { db: "app", collection: "" }, actions: ["find", "insert", "update", "remove"] },
  ],
  roles: [],
});
