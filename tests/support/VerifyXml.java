import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Iterator;
import javax.xml.crypto.AlgorithmMethod;
import javax.xml.crypto.KeySelector;
import javax.xml.crypto.KeySelectorResult;
import javax.xml.crypto.XMLCryptoContext;
import javax.xml.crypto.XMLStructure;
import javax.xml.crypto.dsig.XMLSignature;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.crypto.dsig.keyinfo.KeyInfo;
import javax.xml.crypto.dsig.keyinfo.X509Data;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * The JDK's own XML-DSig as a foreign verifier. Arguments: the CA's PEM file. File names come one a line on
 * standard input; for each one line comes back: "valid" or "invalid" with a reason.
 */
public final class VerifyXml {
    private static X509Certificate authority;

    public static void main(String[] arguments) throws Exception {
        try (InputStream pem = Files.newInputStream(Path.of(arguments[0]))) {
            authority = (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(pem);
        }
        BufferedReader names = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String name = names.readLine(); name != null; name = names.readLine()) {
            System.out.println(judge(name));
            System.out.flush();
        }
    }

    private static String judge(String name) {
        try (InputStream file = new BufferedInputStream(new FileInputStream(name))) {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setNamespaceAware(true);
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            Document document = factory.newDocumentBuilder().parse(file);
            NodeList found = document.getElementsByTagNameNS(XMLSignature.XMLNS, "Signature");
            if (found.getLength() == 0) {
                return "invalid: no signature";
            }
            DOMValidateContext context = new DOMValidateContext(new Believed(), found.item(0));
            NodeList all = document.getElementsByTagName("*");
            for (int i = 0; i < all.getLength(); i++) {
                Element element = (Element) all.item(i);
                if (element.hasAttribute("Id")) {
                    context.setIdAttributeNS(element, null, "Id");
                }
            }
            XMLSignature signature = XMLSignatureFactory.getInstance("DOM").unmarshalXMLSignature(context);
            return signature.validate(context) ? "valid" : "invalid: digest or signature value";
        } catch (Exception error) {
            return "invalid: " + error.getClass().getSimpleName();
        }
    }

    /** The signer's certificate, when the authority issued it. */
    private static final class Believed extends KeySelector {
        @Override
        public KeySelectorResult select(KeyInfo info, Purpose purpose, AlgorithmMethod method, XMLCryptoContext context) {
            for (Iterator<?> parts = info.getContent().iterator(); parts.hasNext();) {
                XMLStructure part = (XMLStructure) parts.next();
                if (part instanceof X509Data data) {
                    for (Object one : data.getContent()) {
                        if (one instanceof X509Certificate certificate) {
                            try {
                                certificate.verify(authority.getPublicKey());
                            } catch (Exception error) {
                                throw new IllegalStateException("not issued by the authority", error);
                            }
                            Key key = certificate.getPublicKey();
                            return () -> key;
                        }
                    }
                }
            }
            throw new IllegalStateException("no certificate");
        }
    }
}
