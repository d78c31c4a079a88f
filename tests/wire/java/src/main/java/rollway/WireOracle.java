package rollway;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.lang.reflect.Modifier;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.jar.JarFile;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.protocol.types.Schema;

/**
 * Writes random messages made by Kafka's own classes, or checks what somebody else has written. A
 * message is a line: name without underscores, version, bytes in hexadecimal digits.
 *
 * <p>WireOracle generate SEED COUNT writes COUNT messages of every class and version.
 * WireOracle verify reads lines, decodes and encodes each again, and compares.
 */
public final class WireOracle {
    private static final String[] PACKAGES = {
        "org/apache/kafka/common/message/",
        "org/apache/kafka/coordinator/group/generated/",
        "org/apache/kafka/coordinator/transaction/generated/",
        "org/apache/kafka/coordinator/share/generated/",
        "org/apache/kafka/server/log/remote/metadata/storage/generated/",
    };

    private final Map<String, Class<? extends Message>> classes = new TreeMap<>();

    private WireOracle() throws IOException {
        for (String path : System.getProperty("java.class.path").split(File.pathSeparator)) {
            if (!path.endsWith(".jar")) {
                continue;
            }
            try (JarFile jar = new JarFile(path)) {
                jar.stream().forEach(entry -> add(entry.getName()));
            }
        }
    }

    private void add(String entry) {
        for (String folder : PACKAGES) {
            String name = entry.startsWith(folder) ? entry.substring(folder.length()) : "";
            if (!name.endsWith(".class") || name.contains("$") || name.contains("/")) {
                continue;
            }
            name = name.substring(0, name.length() - ".class".length());
            try {
                Class<?> type = Class.forName(folder.replace('/', '.') + name);
                if (Message.class.isAssignableFrom(type) && !type.isInterface()
                        && !Modifier.isAbstract(type.getModifiers())) {
                    String key = name.toLowerCase().replaceAll("(request|response|header)data$", "$1");
                    // The file, which is not what storage/ calls a producer snapshot.
                    key = key.equals("producersnapshot") ? "producersnapshotfile" : key;
                    classes.put(key, type.asSubclass(Message.class));
                }
            } catch (ClassNotFoundException | LinkageError e) {
                // Not a message: those need nothing outside their own jar.
            }
        }
    }

    private static Schema schema(Message message, short version) throws ReflectiveOperationException {
        return ((Schema[]) message.getClass().getField("SCHEMAS").get(null))[version];
    }

    private static Message create(Class<? extends Message> type) throws ReflectiveOperationException {
        return type.getDeclaredConstructor().newInstance();
    }

    private static Message read(Class<? extends Message> type, byte[] bytes, short version)
            throws ReflectiveOperationException {
        Message message = create(type);
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        message.read(new ByteBufferAccessor(buffer), version);
        if (buffer.hasRemaining()) {
            throw new IllegalStateException(buffer.remaining() + " bytes are left over");
        }
        return message;
    }

    private static byte[] write(Message message, short version) {
        ByteBuffer buffer = MessageUtil.toByteBufferAccessor(message, version).buffer();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    private void generate(long seed, int count) throws ReflectiveOperationException {
        PrintWriter out = new PrintWriter(new BufferedWriter(
                new OutputStreamWriter(System.out, StandardCharsets.US_ASCII)));
        Random random = new Random(seed);
        for (Map.Entry<String, Class<? extends Message>> entry : classes.entrySet()) {
            Message empty = create(entry.getValue());
            for (short version = empty.lowestSupportedVersion();
                    version <= empty.highestSupportedVersion(); version++) {
                for (int i = 0; i < count; i++) {
                    byte[] bytes = RandomBytes.of(schema(empty, version), random);
                    byte[] canonical = write(read(entry.getValue(), bytes, version), version);
                    out.println(entry.getKey() + " " + version + " "
                            + HexFormat.of().formatHex(canonical));
                }
            }
        }
        out.flush();
    }

    private boolean verify() throws IOException, ReflectiveOperationException {
        BufferedReader in = new BufferedReader(
                new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        Map<String, Integer> skipped = new TreeMap<>();
        List<String> failures = new ArrayList<>();
        int passed = 0;
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] parts = line.split(" ", -1);
            short version = Short.parseShort(parts[1]);
            Class<? extends Message> type = classes.get(parts[0]);
            if (type == null || version > create(type).highestSupportedVersion()
                    || version < create(type).lowestSupportedVersion()) {
                skipped.merge(parts[0] + " version " + version, 1, Integer::sum);
                continue;
            }
            String failure = check(type, HexFormat.of().parseHex(parts[2]), version);
            if (failure == null) {
                passed++;
            } else {
                failures.add(parts[0] + " version " + version + ": " + failure + "\n  " + parts[2]);
            }
        }
        failures.stream().limit(10).forEach(System.out::println);
        System.out.println("skipped, unknown to this release of Kafka: " + skipped.keySet());
        System.out.println("rollway -> kafka: " + passed + " passed, " + failures.size()
                + " failed, " + skipped.values().stream().mapToInt(Integer::intValue).sum()
                + " skipped");
        return failures.isEmpty() && passed > 0;
    }

    private static String check(Class<? extends Message> type, byte[] bytes, short version) {
        try {
            byte[] again = write(read(type, bytes, version), version);
            return java.util.Arrays.equals(bytes, again)
                    ? null : "encoded again as " + HexFormat.of().formatHex(again);
        } catch (RuntimeException | ReflectiveOperationException e) {
            return e.toString();
        }
    }

    public static void main(String[] arguments) throws IOException, ReflectiveOperationException {
        WireOracle oracle = new WireOracle();
        if (arguments.length == 3 && arguments[0].equals("generate")) {
            oracle.generate(Long.parseLong(arguments[1]), Integer.parseInt(arguments[2]));
        } else if (arguments.length == 1 && arguments[0].equals("verify")) {
            System.exit(oracle.verify() ? 0 : 1);
        } else {
            System.err.println("usage: WireOracle generate SEED COUNT | verify");
            System.exit(2);
        }
    }
}
