package rollway;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.common.protocol.types.ArrayOf;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.CompactArrayOf;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.NullableSchema;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;

/** Random bytes that a schema can read: what its types allow, and no more. */
final class RandomBytes {
    private static final int NULL = -1;

    private final Random random;

    private RandomBytes(Random random) {
        this.random = random;
    }

    static byte[] of(Schema schema, Random random) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new RandomBytes(random).fields(schema, out, 0);
        return out.toByteArray();
    }

    private void fields(Schema schema, ByteArrayOutputStream out, int depth) {
        for (BoundField field : schema.fields()) {
            value(field.def.type, out, depth);
        }
    }

    private void value(Type type, ByteArrayOutputStream out, int depth) {
        if (type instanceof NullableSchema) {
            boolean present = random.nextInt(4) > 0;
            out.write(present ? 1 : NULL);
            if (present) {
                fields((Schema) type, out, depth + 1);
            }
        } else if (type instanceof Schema) {
            fields((Schema) type, out, depth + 1);
        } else if (type instanceof ArrayOf) {
            array(type.arrayElementType().get(), type.isNullable(), false, out, depth);
        } else if (type instanceof CompactArrayOf) {
            array(type.arrayElementType().get(), type.isNullable(), true, out, depth);
        } else if (type instanceof TaggedFields) {
            tagged(((TaggedFields) type).fields(), out, depth);
        } else {
            scalar(type.toString(), out);
        }
    }

    private void array(Type element, boolean nullable, boolean compact, ByteArrayOutputStream out,
            int depth) {
        int count = nullable && random.nextInt(4) == 0 ? NULL : random.nextInt(depth < 2 ? 4 : 3);
        if (random.nextInt(200) == 0 && depth < 2) {
            count = 130; // A count that takes two bytes as a varint.
        }
        length(count, compact, 4, out);
        for (int i = 0; i < count; i++) {
            value(element, out, depth + 1);
        }
    }

    private void tagged(Map<Integer, Field> fields, ByteArrayOutputStream out, int depth) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        int count = 0;
        for (Map.Entry<Integer, Field> entry : fields.entrySet()) {
            if (random.nextInt(3) == 0) {
                continue;
            }
            ByteArrayOutputStream one = new ByteArrayOutputStream();
            Type type = entry.getValue().type;
            if (type instanceof NullableSchema) { // Here, other than elsewhere, null is 0.
                boolean present = random.nextInt(4) > 0;
                one.write(present ? 1 : 0);
                if (present) {
                    fields((Schema) type, one, depth + 1);
                }
            } else {
                value(type, one, depth + 1);
            }
            varint(entry.getKey(), all);
            varint(one.size(), all);
            all.writeBytes(one.toByteArray());
            count++;
        }
        varint(count, out);
        out.writeBytes(all.toByteArray());
    }

    private void scalar(String type, ByteArrayOutputStream out) {
        boolean compact = type.startsWith("COMPACT_");
        boolean nullable = type.contains("NULLABLE_");
        switch (type) {
            case "BOOLEAN" -> out.write(random.nextInt(2));
            case "INT8" -> integer(1, out);
            case "INT16", "UINT16" -> integer(2, out);
            case "INT32", "UINT32" -> integer(4, out);
            case "INT64" -> integer(8, out);
            case "FLOAT64" -> number(Double.doubleToLongBits(random.nextGaussian()), 8, out);
            case "UUID" -> integer(16, out);
            default -> {
                boolean isString = type.endsWith("STRING");
                if (!isString && !type.endsWith("BYTES") && !type.endsWith("RECORDS")) {
                    throw new IllegalArgumentException(type);
                }
                sized(isString, nullable, compact, out);
            }
        }
    }

    private void sized(boolean isString, boolean nullable, boolean compact,
            ByteArrayOutputStream out) {
        if (nullable && random.nextInt(4) == 0) {
            length(NULL, compact, isString ? 2 : 4, out);
            return;
        }
        int size = random.nextInt(8) == 0 ? random.nextInt(400) : random.nextInt(10);
        byte[] bytes = new byte[size];
        random.nextBytes(bytes);
        if (isString) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < size; i++) {
                text.append(random.nextInt(10) == 0 ? '\u00e9' : (char) ('a' + random.nextInt(26)));
            }
            bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        }
        length(bytes.length, compact, isString ? 2 : 4, out);
        out.writeBytes(bytes);
    }

    /** Often one of the values that defaults and sentinels have. */
    private void integer(int size, ByteArrayOutputStream out) {
        int kind = random.nextInt(6);
        for (int i = 0; i < size; i++) {
            if (kind == 0) {
                out.write(0);
            } else if (kind == 1 && size < 16) {
                out.write(0xff);
            } else if (kind == 2 && size < 16) {
                out.write(i + 1 < size ? 0 : random.nextInt(100));
            } else {
                out.write(random.nextInt(256));
            }
        }
    }

    private static void length(int length, boolean compact, int size, ByteArrayOutputStream out) {
        if (compact) {
            varint(length + 1, out);
        } else {
            number(length, size, out);
        }
    }

    private static void number(long value, int size, ByteArrayOutputStream out) {
        for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) {
            out.write((int) (value >> shift));
        }
    }

    private static void varint(int value, ByteArrayOutputStream out) {
        for (; (value & ~0x7f) != 0; value >>>= 7) {
            out.write(value & 0x7f | 0x80);
        }
        out.write(value);
    }
}
