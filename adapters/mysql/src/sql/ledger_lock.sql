-- One node at a time, whatever else the server holds. The lock goes with the connection.
SELECT GET_LOCK(CONCAT('mainspring ', LEFT(SHA2(CONCAT(DATABASE(), ' ', ?), 256), 40)), ?) AS locked;
